// What somebody wrote and chose while the server did not hear of it, or that it let go of together with the page's circuit, is told to it again.
import { hand, nameOf, tell } from "./fields.js";

const store = "written";
const edited = new WeakSet();
let waiting = new Map(), of, anew = false;

const address = () => location.pathname + location.search;
const all = () => [...document.querySelectorAll("main :is(input, textarea, select)")].filter(field => edited.has(field) && (field.type !== "radio" || field.checked));
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
  if (!anew) all().forEach(tell);
  anew = false;
}

// When the server knows the page no more, the browser loads it anew. What was written waits in the tab for as long.
export function reload() {
  const fields = named().map(([name, { value, checked }]) => [name, { value, checked }]);
  if (fields.length > 0) sessionStorage.setItem(store, JSON.stringify({ page: address(), fields }));
  location.reload();
}

const observer = new MutationObserver(giveBack);

function waitFor(fields) {
  waiting = new Map(fields);
  of = address();
  if (waiting.size > 0) observer.observe(document.body, { childList: true, subtree: true });
}

// A form that has to be opened first is given it once it is open.
function giveBack() {
  if (address() !== of) waiting.clear();
  if (document.querySelector(".shell[data-interactive]"))
    for (const [name, before] of waiting) {
      const now = document.querySelector(name);
      if (!now || now === before) continue;
      waiting.delete(name);
      if (!edited.has(now) && !now.readOnly && now.value !== before.value || now.checked !== before.checked) hand(now, before);
    }
  if (waiting.size === 0) observer.disconnect();
}

const left = JSON.parse(sessionStorage.getItem(store) ?? "null");
sessionStorage.removeItem(store);
if (left?.page === address()) waitFor(left.fields);
