// Shortcuts for people in a hurry. Never while typing, and off for good when the reader says so.
const places = { h: "/", c: "/catalog", r: "/requests", a: "/approvals", m: "/grants" };
export const off = () => localStorage.getItem("portal.keys") === "off";
// Where keys mean something else.
export const busy = target => target.closest?.("input, textarea, select, [contenteditable=true], dialog[open], .mud-dialog, [role=listbox], [role=menu]");
let went = 0; // When "g" was pressed.

document.addEventListener("keydown", event => {
  if (off() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (busy(event.target)) return;
  const place = places[event.key];
  if (place && Date.now() - went < 1200) {
    went = 0;
    event.preventDefault();
    Blazor.navigateTo(place);
  } else if (event.key === "g") {
    went = Date.now();
  } else if (event.key === "/") {
    const field = document.querySelector("main [data-search], main input[type=search]");
    if (!field) return;
    event.preventDefault();
    field.focus();
  } else if (event.key === "?") {
    event.preventDefault();
    open("keyboard-help");
  }
});

document.addEventListener("click", event => {
  const id = event.target.closest?.("[data-open-dialog]")?.dataset.openDialog;
  if (id) open(id);
});

document.addEventListener("change", event => {
  if (event.target.matches?.("[data-keys-switch]")) localStorage.setItem("portal.keys", event.target.checked ? "on" : "off");
});

function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  const choice = dialog.querySelector("[data-keys-switch]");
  if (choice) choice.checked = !off();
  document.getElementById("shell-nav")?.matches(":popover-open") && document.getElementById("shell-nav").hidePopover();
  dialog.showModal();
}
