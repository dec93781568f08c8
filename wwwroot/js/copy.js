// Copy buttons: what stands in the box goes to the clipboard, and the button says so, also aloud.
document.addEventListener("click", async event => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const words = button.lastElementChild.firstChild;
  const usual = button.dataset.usual ??= words.nodeValue;
  let said;
  try {
    await navigator.clipboard.writeText(button.closest("[data-copy-box]").querySelector("code").textContent);
    said = words.nodeValue = button.dataset.copied;
  } catch {
    said = button.dataset.failed; // Not allowed here, or not over https: the text can still be selected.
  }
  announce(said);
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { words.nodeValue = usual; }, 2000);
});

function announce(text) {
  const region = document.getElementById("announcer-js");
  if (!region) return;
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
}
