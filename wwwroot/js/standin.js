// While a field that somebody types in is taken out of the page and put in anew, this takes the keys. They would go nowhere otherwise.
let standIn;

// Stands in for a text field that has just been taken out; null for a field that nobody types in.
export function standInFor(field) {
  if (field.selectionStart == null) return null;
  standIn = document.createElement("textarea");
  standIn.className = "visually-hidden";
  // What the reader hears stays the same.
  standIn.ariaLabel = field.ariaLabel ?? field.labels?.[0]?.textContent.trim() ?? "";
  document.body.append(standIn);
  standIn.focus({ preventScroll: true });
  return standIn;
}

// Gives what was typed meanwhile to the field that took the other's place, where the other was written in.
export function takeOver(now, field) {
  const typed = standIn?.value;
  now.setSelectionRange(field.selectionStart, field.selectionEnd);
  if (!typed) return;
  now.setRangeText(typed, field.selectionStart, field.selectionEnd, "end");
  now.dispatchEvent(new Event("input", { bubbles: true }));
}

export function standDown() {
  standIn?.remove();
  standIn = null;
}
