// Keeps relative times and countdowns right without asking the server, by the server's clock, in the reader's zone.
const lang = document.documentElement.lang || "en";
const relative = new Intl.RelativeTimeFormat(lang, { numeric: "always" });
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const utc = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
// From when on a countdown looks urgent, unless it says otherwise (data-warn): Countdown.Close.
const closeSeconds = 15 * 60;
// Per element: the server's time as last rendered into it, and how far it is from this device's clock.
const clocks = new WeakMap();

function now(element, rendered) {
  let clock = clocks.get(element);
  if (clock?.rendered !== rendered) {
    clock = { rendered, ahead: Date.parse(rendered) - Date.now() };
    clocks.set(element, clock);
  }
  return Date.now() + clock.ahead;
}

// The text node stays the one that Blazor knows; only what it says changes.
function write(node, text) {
  if (node?.firstChild && node.firstChild.nodeValue !== text) node.firstChild.nodeValue = text;
}

function exact(element, instant) {
  const text = `${local.format(instant)}\n${utc.format(instant)} UTC`;
  if (element.dataset.exact !== text) element.dataset.exact = text;
}

function distance(milliseconds) {
  const size = Math.abs(milliseconds) / 60000;
  if (size < 0.75) return null;
  const [count, unit] =
    size < 59.5 ? [size, "minute"] :
    size < 23.5 * 60 ? [size / 60, "hour"] :
    size < 29.5 * 1440 ? [size / 1440, "day"] :
    size < 350 * 1440 ? [size / 1440 / 30.4375, "month"] : [size / 1440 / 365.25, "year"];
  return relative.format(Math.sign(milliseconds) * Math.max(1, Math.round(count)), unit);
}

function length(milliseconds, [d, h, min, s]) {
  const put = (unit, count) => unit.replace("{0}", count);
  const seconds = Math.floor(milliseconds / 1000);
  const two = (a, x, b, y) => y === 0 ? put(a, x) : `${put(a, x)} ${put(b, y)}`;
  if (seconds < 60) return put(s, seconds);
  if (seconds < 3600) return put(min, Math.floor(seconds / 60));
  if (seconds < 86400) return two(h, Math.floor(seconds / 3600), min, Math.floor(seconds % 3600 / 60));
  return two(d, Math.floor(seconds / 86400), h, Math.floor(seconds % 86400 / 3600));
}

function tick() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const instant = Date.parse(element.getAttribute("datetime"));
    const text = distance(instant - now(element, element.dataset.relative));
    if (text) write(element, text);
    exact(element, instant);
  }
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const until = Date.parse(element.dataset.countdown);
    const left = until - now(element, element.dataset.now);
    const [before, over, ...units] = element.dataset.words.split("|");
    write(element.lastElementChild, left > 0 ? before.replace("{0}", length(left, units)) : over);
    element.classList.toggle("is-over", left <= 0);
    element.classList.toggle("is-close", left > 0 && left <= (element.dataset.warn ?? closeSeconds) * 1000);
    exact(element, until);
  }
}

tick();
setInterval(() => { if (!document.hidden) tick(); }, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
