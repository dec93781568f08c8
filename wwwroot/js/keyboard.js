// Shortcuts for people in a hurry. Never while typing, and off for good when the reader says so.
const places = { h: "/", c: "/catalog", r: "/requests", a: "/approvals", m: "/grants" };
export const off = () => localStorage.getItem("portal.keys") === "off";
// Where keys mean something else.
export const busy = target => target.closest?.("input, textarea, select, [contenteditable=true], dialog[open], .mud-dialog, [role=listbox], [role=menu]");
let going = false; // "g" was pressed: the next letter says where to, however long it takes, and means nothing else.

document.addEventListener("keydown", event => {
  if (off() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (busy(event.target)) return;
  if (event.key === "g") {
    going = true;
  } else if (going && /^[a-z]$/.test(event.key)) {
    going = false;
    event.preventDefault();
    if (places[event.key]) Blazor.navigateTo(places[event.key]);
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

// Whoever does anything else has thought better of it.
document.addEventListener("keydown", event => {
  if (event.key !== "g" && !["Shift", "Control", "Alt", "Meta", "CapsLock"].includes(event.key)) going = false;
});
document.addEventListener("pointerdown", () => { going = false; });

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
