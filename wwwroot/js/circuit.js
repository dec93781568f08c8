// The connection to the server: what to show when it breaks, and letting go of it while nobody looks.
import { reload, tellAgain } from "./written.js";

const pauseAfter = 5 * 60 * 1000;
const dialog = document.getElementById("components-reconnect-modal");
// A page is not let go of while something is written on it: it would come back (written.js), but its form might be closed. Not so where the server keeps the form (data-kept), nor where it looks for something, which stands in the address.
const written = "main :is(textarea, input:not([type]), input[type=text]):not([data-kept] *)";
let timer, pausedByUs = false;

if (dialog) {
  dialog.addEventListener("components-reconnect-state-changed", ({ detail: { state } }) => {
    if (state === "show" || state === "paused" && !pausedByUs) show();
    else if (state === "hide") {
      dialog.close(); // First: it gives the focus back.
      tellAgain();
    }
    else if (state === "failed") document.addEventListener("visibilitychange", retryWhenSeen);
    else if (state === "rejected") reload();
  });
  document.getElementById("components-reconnect-button").addEventListener("click", retry);
  document.getElementById("components-resume-button").addEventListener("click", resume);
  document.getElementById("components-reload-button").addEventListener("click", reload);
  document.addEventListener("visibilitychange", () => document.hidden ? wait() : wake());
}

function show() { if (!dialog.open) dialog.showModal(); }

async function retry() {
  document.removeEventListener("visibilitychange", retryWhenSeen);
  try {
    // False: the server answered and does not know the circuit any more. What the page kept can still be resumed.
    if (await Blazor.reconnect() || await Blazor.resumeCircuit()) dialog.close();
    else reload();
  } catch {
    if (await isSignedOut()) reload();
    else document.addEventListener("visibilitychange", retryWhenSeen); // No answer at all: try again when the reader is back.
  }
}

// Whoever has to sign in again is refused a connection, and everything else too.
const isSignedOut = async () => await askWhetherSignedIn() === false;

// Nothing while the server does not answer.
export async function askWhetherSignedIn() {
  try {
    const { type, status } = await fetch("account/session", { redirect: "manual" });
    return !(type === "opaqueredirect" || status === 401);
  } catch {
    return undefined;
  }
}

function retryWhenSeen() { if (!document.hidden) retry(); }

async function resume() {
  try {
    if (await Blazor.resumeCircuit()) dialog.close();
    else reload();
  } catch {
    dialog.classList.replace("components-reconnect-paused", "components-reconnect-resume-failed");
    show();
  }
}

function wait() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if ([...document.querySelectorAll(written)].some(field => field.value !== "")) wait();
    else pausedByUs = await Blazor.pauseCircuit?.() ?? false; // Static pages have no circuit.
  }, pauseAfter);
}

async function wake() {
  clearTimeout(timer);
  if (!pausedByUs) return;
  pausedByUs = false;
  await resume();
}
