// A field of a page that goes on with other elements: how it is found again, and how what stood in it goes over.

// A selector; null for one that nothing tells from others.
export const nameOf = field =>
  field.id ? `#${CSS.escape(field.id)}` :
  field.type === "radio" ? `main [name="${CSS.escape(field.name)}"][value="${CSS.escape(field.value)}"]` :
  field.matches("[data-search]") ? "main [data-search]" :
  field.ariaLabel ? `main [aria-label="${CSS.escape(field.ariaLabel)}"]` : null;

// A field that was set by a script says so to all who listen: some to each key, some when it is left.
export function tell(field) {
  for (const event of ["input", "change"]) field.dispatchEvent(new Event(event, { bubbles: true }));
}

// Gives a field what stood in the one before it, which may be gone, and says so.
export function hand(now, typed) {
  if (now.type === "radio" || now.type === "checkbox") {
    if (now.checked !== typed.checked) now.click();
    return;
  }
  now.value = typed.value;
  tell(now);
}
