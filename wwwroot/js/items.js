// j and k move through the items of a list; other keys press the button of the item that names them (data-key). On a page without items they only lead to it: nobody has said yet that it is meant.
import { busy, off } from "./keyboard.js";

const items = () => [...document.querySelectorAll("main [data-item]")];

function move(by) {
  const all = items();
  if (all.length === 0) return false;
  const at = all.indexOf(document.activeElement?.closest?.("[data-item]"));
  const next = all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function press(key) {
  // With items on the page a key needs to know which one is meant.
  const item = document.activeElement?.closest?.("[data-item]");
  const scope = item ?? (items().length === 0 ? document.querySelector("main") : null);
  const target = scope?.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
  if (!target) return false;
  // The button may vanish with what it does; the item stays.
  (item ?? target).focus({ preventScroll: Boolean(item) });
  if (item) target.click();
  return true;
}

document.addEventListener("keydown", event => {
  if (off() || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || busy(event.target)) return;
  const done =
    event.key === "j" ? move(1) :
    event.key === "k" ? move(-1) :
    event.key === "Enter" ? event.target.matches?.("[data-item]") && press("Enter") :
    /^[a-z]$/.test(event.key) && press(event.key);
  if (done) event.preventDefault();
});
