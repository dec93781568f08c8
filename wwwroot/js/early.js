// A page can be read, typed in and pressed before it is alive. Once it is, all its elements are taken out and others put in their place: what was typed, chosen, focused and pressed goes over to those.
import { hand, nameOf } from "./fields.js";
import { patience, standDown, standInFor, takeOver } from "./standin.js";

const plain = "form[method]"; // Forms that the browser sends or closes by itself, alive or not, such as the one that signs out. The others Blazor draws without a method.
const page = location.pathname;
const kept = new Map();
let focused = document.activeElement, focus, last, pressed, letGo, alive = false;

const changed = field =>
  field.type === "radio" ? field.checked && !field.defaultChecked :
  field.type === "checkbox" ? field.checked !== field.defaultChecked :
  field.matches("select") ? [...field.options].some(option => option.selected !== option.defaultSelected) && field.selectedIndex > 0 :
  field.value !== field.defaultValue;

// A page that comes alive puts the focus on its heading, as after each navigation: not while somebody types.
function noteFocus(event) {
  if (last && event.target.matches("h1")) last.focus({ preventScroll: true });
  else if (!alive) focused = event.target;
}

function keep(gone) {
  for (const field of gone.querySelectorAll("input, textarea, select")) {
    const name = nameOf(field);
    if (!name) continue;
    if (changed(field)) kept.set(name, field);
    if (field === focused) {
      focus = { name, field };
      // Of another page nothing comes back.
      if (location.pathname === page) last = standInFor(field);
    }
  }
}

// The button in the same place that says the same: of the same entry of a list, where there is one.
const saidBy = button => `${button.ariaLabel ?? ""}|${button.textContent}`;
const placeOf = button => button.parentElement.closest("main [id]")?.id ?? "main";
const alike = (place, said) => [...document.getElementById(place)?.querySelectorAll("button") ?? []].filter(button => saidBy(button) === said);

function notePress(event) {
  // What the browser or a script of ours does by itself, it does already.
  const button = event.target.closest("main button:not(:disabled, [popovertarget], [data-open-dialog], [data-copy])");
  if (alive || !button || button.closest(plain)) return;
  forget();
  button.classList.add("early");
  const place = placeOf(button), said = saidBy(button);
  pressed = { button, place, said, at: alike(place, said).indexOf(button) };
  letGo = setTimeout(forget, patience);
}

// Nobody expects any more what they pressed long ago.
function forget() {
  clearTimeout(letGo);
  pressed?.button.classList.remove("early");
  pressed = null;
}

function press() {
  const now = alike(pressed.place, pressed.said)[pressed.at];
  if (!now || now === pressed.button) return;
  forget();
  now.click();
}

// Sent by the browser itself, a form of a page that is not alive would only load the page anew, without what was typed.
function holdBack(event) {
  if (!alive && !event.target.matches(plain)) event.preventDefault();
}

function giveBack() {
  for (const [name, typed] of kept) {
    const now = document.querySelector(name);
    if (!now || now === typed) continue;
    kept.delete(name);
    hand(now, typed);
  }
  giveFocusBack();
  if (pressed && kept.size === 0) press();
}

function giveFocusBack() {
  const now = focus && document.querySelector(focus.name);
  if (!now || now === focus.field) return;
  if (document.activeElement.matches("body, h1") || document.activeElement === last) {
    now.focus({ preventScroll: true });
    last = now;
  }
  if (focus.field.selectionStart != null) takeOver(now, focus.field);
  focus = null;
  standDown();
}

const observer = new MutationObserver(changes => {
  if (!alive) for (const change of changes) for (const node of change.removedNodes) if (node instanceof Element) keep(node);
  if (!document.querySelector(".shell[data-interactive]")) return;
  if (!alive) setTimeout(stop, patience);
  alive = true;
  if (location.pathname === page) giveBack();
  else stop();
});

function stop() {
  standDown();
  observer.disconnect();
  document.removeEventListener("focusin", noteFocus);
  document.removeEventListener("click", notePress);
  document.removeEventListener("submit", holdBack);
}

if (document.querySelector(".shell:not([data-interactive])")) {
  document.addEventListener("focusin", noteFocus);
  document.addEventListener("click", notePress);
  document.addEventListener("submit", holdBack);
  observer.observe(document.body, { childList: true, subtree: true });
}
