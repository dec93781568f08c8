// A link inside a popover leads away without a page load, so nothing else would close it.
document.addEventListener("click", event => {
  const popover = event.target.closest?.("a[href]")?.closest("[popover]");
  if (popover?.matches(":popover-open")) popover.hidePopover();
});
