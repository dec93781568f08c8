// A link to a place on the page leads there and nowhere else. Against <base href="/"> it would be a place on Home, and what was typed here gone.
document.addEventListener("click", event => {
  const link = event.target.closest?.('a[href^="#"]');
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const place = document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
  // Where an item is meant, it takes the keys that are for it.
  const target = place?.querySelector(":scope > [data-item]") ?? place;
  if (!target) return;
  if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "start" });
}, true);
