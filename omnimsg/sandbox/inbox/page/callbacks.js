// Callbacks: where reports and replies go, and what became of them.

import { put, remove } from "./api.js";
import { byId, el } from "./dom.js";
import { exact, providerName } from "./format.js";
import { icon } from "./icons.js";
import { state } from "./state.js";
import { attempt } from "./toast.js";

const COUNTS = { waiting: "waiting", attempts: "attempts", taken: "taken", given_up: "given up", lost: "lost by a fault", dropped: "dropped" };

function attemptRow(line) {
  const isTaken = line.status >= 200 && line.status < 300;
  return el(
    "tr",
    {},
    el("td", {}, el("code", {}, exact(line.at))),
    el("td", {}, providerName(line.provider)),
    el("td", {}, el("code", {}, line.kind), line.faults.map((fault) => [" ", el("span", { class: "chip warn" }, fault)])),
    el("td", {}, String(line.attempt)),
    el("td", {}, el("span", { class: `chip ${isTaken ? "good" : "danger"}` }, String(line.status ?? line.error ?? "lost"))),
  );
}

export function showCallbacks() {
  if (state.route.view !== "callbacks" || !state.callbacks) return;
  const { addresses, counts, latest } = state.callbacks;
  const known = Object.entries(addresses).filter(([, url]) => url);
  const draft = byId("callback-url")?.value;
  const hadFocus = document.activeElement?.id === "callback-url";
  const url = el("input", { class: "field", id: "callback-url", type: "url", placeholder: "http://127.0.0.1:9000/callbacks", "aria-label": "Base address of callbacks", autocomplete: "off", spellcheck: "false" });
  if (draft) url.value = draft;
  const set = (event) => {
    event.preventDefault();
    attempt(put("callbacks", { url: url.value.trim() }), "Callbacks go there from now on");
  };
  const scroll = el(
    "div",
    { class: "scroll", tabindex: -1 },
    el(
      "div",
      { class: "sheet-page" },
      el("p", { class: "lead" }, "The providers report what becomes of messages, and bring what phones send, to your application. Each adds its name to the base address, and signs as it does in earnest."),
      el(
        "section",
        { class: "panel" },
        el("h2", {}, "Where they go", known.length ? el("span", { class: "chip good" }, "on") : el("span", { class: "chip" }, "off")),
        el(
          "div",
          { class: "inside" },
          known.length ? el("dl", { class: "facts" }, known.map(([name, value]) => [el("dt", {}, name === "url" ? "All" : providerName(name)), el("dd", {}, el("code", {}, value))])) : el("p", {}, "Nobody is called yet."),
          el("form", { class: "form-line", on: { submit: set } }, url, el("button", { class: "button primary", type: "submit" }, "Call back here"), el("button", { class: "button", type: "button", disabled: !known.length, on: { click: () => attempt(remove("callbacks"), "Callbacks are off") } }, "Off")),
        ),
      ),
      el("div", { class: "figures" }, Object.entries(COUNTS).map(([name, label]) => el("div", { class: "figure" }, el("b", {}, String(counts[name] ?? 0)), el("span", {}, label)))),
      el(
        "section",
        { class: "panel" },
        el("h2", {}, "Latest attempts"),
        latest.length
          ? el("div", { class: "sideways", role: "region", "aria-label": "Latest attempts", tabindex: 0 }, el("table", { class: "table" }, el("thead", {}, el("tr", {}, ["Time", "Provider", "What", "Attempt", "Answer"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, latest.slice(-100).reverse().map(attemptRow))))
          : el("p", { class: "nothing" }, "None yet."),
      ),
    ),
  );
  const scrolled = byId("main").querySelector(".scroll")?.scrollTop ?? 0;
  byId("main").replaceChildren(el("header", { class: "bar" }, icon("callbacks"), el("h1", {}, "Callbacks")), scroll);
  scroll.scrollTop = scrolled;
  if (hadFocus) byId("callback-url").focus();
}
