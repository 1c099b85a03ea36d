// Short notices at the edge of the page.

import { byId, el } from "./dom.js";
import { icon } from "./icons.js";

export function toast(text, { error = false, action = null, seconds = error ? 9 : 3 } = {}) {
  const gone = () => node.remove();
  const node = el(
    "div",
    { class: `toast${error ? " error" : ""}`, role: error ? "alert" : null },
    icon(error ? "alert" : "check"),
    el("p", {}, text),
    action && el("button", { class: "button", on: { click: () => { gone(); action.run(); } } }, action.label),
    el("button", { class: "button bare", "aria-label": "Close", on: { click: gone } }, icon("close")),
  );
  byId("toasts").append(node);
  setTimeout(gone, seconds * 1000);
}

export function attempt(promise, done) {
  return promise.then((value) => { if (done) toast(done); return value; }, (error) => { toast(error.message, { error: true }); });
}
