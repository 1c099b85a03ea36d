// The latest requests, those that were refused above all.

import { byId, el, keyed } from "./dom.js";
import { exact, providerName } from "./format.js";
import { curlButton, requestBox, responseBox } from "./exchange.js";
import { icon } from "./icons.js";
import { loadExchanges } from "./loader.js";
import { statusClass } from "./marks.js";
import { exchangeRoute, go } from "./router.js";
import { markRequestsSeen } from "./seen.js";
import { state } from "./state.js";

let parts = null;

function frame() {
  const sum = el("span", { class: "sum" });
  const rows = el("div", { class: "rows" });
  const only = el("button", { class: "button", type: "button", "aria-pressed": String(state.onlyRefused), on: { click: () => {
    state.onlyRefused = !state.onlyRefused;
    only.setAttribute("aria-pressed", String(state.onlyRefused));
    loadExchanges();
  } } }, icon("alert"), "Refused");
  byId("list").replaceChildren(
    el("header", { class: "list-head" }, el("div", { class: "title" }, el("h1", {}, "Requests"), sum, el("span", { class: "spacer" }), only)),
    el("div", { class: "scroll" }, rows),
  );
  parts = { sum, rows };
}

const pathOf = (exchange) => exchange.path.replace(`/${exchange.provider}`, "");

function row({ exchange, isOpen }) {
  const status = exchange.status === null ? "…" : String(exchange.status);
  return el(
    "button",
    { class: "row request", type: "button", "aria-current": isOpen ? "true" : null, on: { click: () => { location.hash = exchangeRoute(exchange.id); } } },
    el("span", { class: `status ${statusClass(exchange.status, exchange.refused)}` }, status),
    el("span", { class: "top" }, el("span", { class: "method" }, exchange.method), el("span", { class: "path" }, el("bdi", {}, pathOf(exchange))), el("time", { datetime: exchange.at }, exact(exchange.at).slice(0, 8))),
    el("span", { class: "under" }, providerName(exchange.provider), exchange.faults.map((fault) => el("span", { class: "chip warn" }, icon("faults"), fault))),
    exchange.refused && el("span", { class: "why" }, exchange.refused),
  );
}

export function showRequests() {
  if (state.route.view !== "requests") {
    parts = null;
    return;
  }
  if (!parts || !parts.rows.isConnected) frame();
  markRequestsSeen();
  const { exchanges, count, refused } = state.exchanges;
  parts.sum.textContent = count ? `${count.toLocaleString()}, ${refused} refused` : "";
  const items = exchanges.map((exchange) => ({ exchange, isOpen: exchange.id === state.route.exchange }));
  keyed(parts.rows, items, (item) => String(item.exchange.id), row);
  if (!items.length) parts.rows.replaceChildren(el("p", { class: "nothing" }, state.onlyRefused ? "No request was refused." : "No provider has received a request yet."));
}

export function showExchange() {
  if (state.route.view !== "requests") return;
  const exchange = state.exchange;
  if (!exchange || exchange.id !== state.route.exchange) {
    byId("main").replaceChildren(el("p", { class: "nothing" }, state.route.exchange ? "The request is unknown, or forgotten." : "Choose a request to see it with its answer."));
    return;
  }
  byId("main").replaceChildren(
    el("header", { class: "bar" }, el("a", { class: "button bare back", href: "#/requests", "aria-label": "Back to the requests" }, icon("back")), el("h1", {}, `Request ${exchange.id}`), el("time", { datetime: exchange.at }, exact(exchange.at)), el("span", { class: "spacer" }), curlButton(exchange)),
    el(
      "div",
      { class: "scroll", tabindex: -1 },
      el(
        "div",
        { class: "exchange" },
        exchange.refused && el("div", { class: "refusal" }, el("b", {}, `HTTP ${exchange.status}`), el("p", {}, exchange.refused)),
        exchange.faults.length ? el("p", {}, exchange.faults.map((fault) => el("span", { class: "chip warn" }, icon("faults"), `fault: ${fault}`))) : null,
        requestBox(exchange),
        responseBox(exchange),
      ),
    ),
  );
}

export function openNeighbourRequest(step) {
  const ids = state.exchanges.exchanges.map((exchange) => exchange.id);
  const at = ids.indexOf(state.route.exchange);
  const next = ids[at < 0 ? 0 : Math.min(ids.length - 1, Math.max(0, at + step))];
  if (next) go(exchangeRoute(next));
}
