// While a text field that somebody types in is taken out of the page and put in anew, this takes the keys. They would go nowhere otherwise, or be taken for shortcuts.
import { tell } from "./fields.js";

export const patience = 10_000; // How long a field may take to come back, and a press to take effect, in milliseconds.
let standIn, letGo;

// Stands in for a field that has just been taken out; null for one without a place to type at, such as a date.
export function standInFor(field) {
  standDown();
  if (field.selectionStart == null) return null;
  standIn = document.createElement("textarea");
  standIn.className = "stand-in";
  standIn.inputMode = field.inputMode;
  standIn.ariaLabel = field.ariaLabel ?? field.labels?.[0]?.textContent.trim() ?? "";
  document.body.append(standIn);
  standIn.focus({ preventScroll: true });
  letGo = setTimeout(standDown, patience);
  return standIn;
}

// Gives what was typed meanwhile to the field that took the other's place, where the other was written in.
export function takeOver(now, field) {
  const typed = standIn?.value;
  if (typed) {
    now.setRangeText(typed, field.selectionStart, field.selectionEnd, "end");
    tell(now);
  } else if (document.activeElement === now) now.setSelectionRange(field.selectionStart, field.selectionEnd);
}

export function standDown() {
  clearTimeout(letGo);
  standIn?.remove();
  standIn = null;
}
