// The address of the page says what is open: it can be kept, and the browser goes back.

import { state, tell } from "./state.js";

export const phoneRoute = (number, entry) =>
  `#/phones/${encodeURIComponent(number)}${entry ? `/${encodeURIComponent(entry)}` : ""}`;
export const exchangeRoute = (id) => `#/requests/${id}`;

function parts() {
  try {
    return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  } catch {
    return [];
  }
}

function read() {
  const [view, first, second] = parts();
  const views = ["phones", "requests", "faults", "callbacks"];
  return {
    view: views.includes(view) ? view : "phones",
    number: view === "phones" && first ? first : null,
    entry: view === "phones" && second ? second : null,
    exchange: view === "requests" && /^\d{1,9}$/.test(first ?? "") ? Number(first) : null,
  };
}

// Follows at once: the event comes later, and the next key may come before it.
export function go(hash) {
  if (location.hash === hash) return;
  location.hash = hash;
  follow();
}

let followed = null;

function follow() {
  if (followed === location.hash) return;
  followed = location.hash;
  state.route = read();
  document.body.dataset.view = state.route.view;
  const isOpen = state.route.number || state.route.exchange || ["faults", "callbacks"].includes(state.route.view);
  document.body.dataset.pane = isOpen ? "main" : "list";
  tell("route");
}

export function startRouter() {
  addEventListener("hashchange", follow);
  follow();
}
