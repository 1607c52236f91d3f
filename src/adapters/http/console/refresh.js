// Reloads the page every half minute, and when someone comes back to it. Only the sections that changed are
// replaced, so that the focus, the selection and the scroll position are kept. Without scripts, the browser reloads
// the whole page.
"use strict";

const EVERY_MS = 30_000;
const PATIENCE_MS = 20_000;

async function read() {
  const answer = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) {
    throw new Error(`answered ${answer.status}`);
  }
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function replace(before, now) {
  const shown = before.cloneNode(true);
  // Set below when the focused element disappeared.
  shown.removeAttribute("tabindex");
  if (shown.isEqualNode(now)) {
    return;
  }
  const focused = before.contains(document.activeElement) ? document.activeElement.id : null;
  const sideways = before.scrollLeft;
  before.replaceWith(now);
  now.scrollLeft = sideways;
  if (focused !== null) {
    // The focused element may be gone; the next key then continues from here.
    const next = document.getElementById(focused) ?? now;
    if (next === now) {
      now.tabIndex = -1;
    }
    next.focus({ preventScroll: true });
  }
}

function heads(main) {
  return [...main.children].map((it) => it.getAttribute("aria-labelledby")).join();
}

function show(page) {
  const [before, now] = [document, page].map((it) => it.querySelector("main"));
  if (heads(before) === heads(now)) {
    const sections = [...now.children];
    [...before.children].forEach((it, at) => replace(it, sections[at]));
  } else {
    replace(before, now);
  }
  replace(document.querySelector("footer"), page.querySelector("footer"));
  document.title = page.title;
  // The notice has been shown.
  history.replaceState(null, "", "/");
}

let reading = false;

async function refresh() {
  if (reading) {
    return;
  }
  reading = true;
  const stale = document.getElementById("perimee");
  try {
    const page = await read();
    if (!page.querySelector("footer")) {
      // Signed out in the meantime: this is another page.
      location.assign("/");
      return;
    }
    show(page);
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  } finally {
    reading = false;
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", () => {
  // A notice stays until there has been time to read it.
  if (!document.hidden && location.search === "") {
    refresh();
  }
});
