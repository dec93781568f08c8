// What somebody wrote and chose while the server did not hear of it, or that it let go of together with the page's circuit, is told to it again.
import { hand, nameOf, tell } from "./fields.js";

const store = "written";
const edited = new WeakSet();
let waiting = new Map(), of, anew = false;

const address = () => location.pathname + location.search;
const reader = () => document.getElementById("account-menu")?.dataset.reader;
const radio = field => field.type === "radio";
// What goes somewhere by itself when it is changed (data-goes) would go there again.
const all = () => [...document.querySelectorAll("main :is(input, textarea, select):not([data-goes], [data-goes] *)")].filter(field => edited.has(field) && (!radio(field) || field.checked));
// By the names of the fields; what still waits for a form to be opened too.
const named = () => [...(of === address() ? waiting : []), ...all().map(field => [nameOf(field), field])].filter(([name]) => name);

document.addEventListener("input", event => edited.add(event.target), true);
// The page goes on in a new circuit, which puts other elements in the place of all.
document.addEventListener("circuitclosed", () => {
  anew = true;
  waitFor(named());
});

// The connection is there again. A circuit that lived on knows what it was told before the connection was lost, and nothing since: that it was lost shows only after a while.
export function tellAgain() {
  if (!anew) for (const field of all()) field === document.activeElement && isTypedIn(field) ? tellWhenLeft(field) : tell(field);
  anew = false;
}

// The server's answer to a field that is read when it is left would undo what is typed meanwhile.
function tellWhenLeft(field) {
  const told = new AbortController();
  for (const type of ["blur", "keydown"])
    field.addEventListener(type, ({ key }) => {
      if (key && (key !== "Enter" || field.matches("textarea"))) return;
      told.abort();
      tell(field);
    }, { signal: told.signal });
}

// When the server knows the page no more, the browser loads it anew. What was written waits in the tab for as long.
export function reload() {
  const fields = named().map(([name, { value, checked }]) => [name, { value, checked }]);
  if (fields.length > 0) sessionStorage.setItem(store, JSON.stringify({ reader: reader(), page: address(), fields }));
  location.reload();
}

const observer = new MutationObserver(giveBack);

function waitFor(fields) {
  waiting = new Map(fields);
  of = address();
  if (waiting.size > 0) observer.observe(document.body, { childList: true, subtree: true });
}

// Once the page is alive: somebody else, or another page, gets nothing.
function takeOut() {
  sessionStorage.removeItem(store);
  if (left.reader && left.page === address() && left.reader === reader()) waitFor(left.fields);
  left = null;
}

// A form that has to be opened first is given it once it is open.
function giveBack() {
  if (!document.querySelector(".shell[data-interactive]")) return;
  if (left) takeOut();
  if (address() !== of) waiting.clear();
  for (const [name, before] of waiting) {
    const now = document.querySelector(name);
    if (!now || now === before) continue;
    waiting.delete(name);
    if (!now.readOnly && differ(now, before)) hand(now, before);
  }
  if (waiting.size === 0) observer.disconnect();
}

const isTypedIn = field => field.selectionStart != null;
const differ = (now, before) => radio(now) || now.type === "checkbox" ? now.checked !== before.checked : now.value !== before.value;

// A page without a shell, such as an error, has nothing to give it to yet: the next one has, which may come without these scripts being loaded again.
let left = navigator.cookieEnabled ? JSON.parse(sessionStorage.getItem(store)) : null; // Where neither may be kept, to ask is a fault.
if (left) {
  observer.observe(document.body, { childList: true, subtree: true });
  giveBack();
}
