// The end of a sign-in in time. The page is loaded anew then, with what is written on it (written.js): that leads to signing in, and back. Also when somebody has signed in anew by then: this page goes on with the sign-in that it was opened in.
import { askWhetherSignedIn } from "./circuit.js";
import { reload } from "./written.js";

let end;

// A page without a shell, such as an error, knows of no end; the next one may come without these scripts being loaded again.
function endOnceKnown() {
  const seconds = document.getElementById("account-menu")?.dataset.endsIn;
  if (seconds) end ??= Date.now() + (Number(seconds) + 1) * 1000;
  return end;
}

// A timer stands still while the computer sleeps: the clock is looked at again and again. A server that does not answer has no page to give in place of this one.
async function leaveAtTheEnd() {
  const left = endOnceKnown() - Date.now();
  if (left <= 0 && await askWhetherSignedIn() !== undefined) reload();
  else setTimeout(leaveAtTheEnd, Math.min(Math.max(left || 0, 5_000), 15_000));
}

leaveAtTheEnd();
