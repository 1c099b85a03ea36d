// A request and its answer, without credentials.

import { copy, copyButton } from "./copy.js";
import { el } from "./dom.js";
import { size } from "./format.js";
import { icon } from "./icons.js";
import { isJson, jsonNodes } from "./json.js";
import { statusClass } from "./marks.js";

export function codeBox(title, text, { headers = [], label = title, chip = null, note = null } = {}) {
  const lines = headers.map(([name, value]) => el("span", {}, el("b", {}, name), `: ${value}`));
  return el(
    "div",
    { class: "code-box" },
    el("div", { class: "code-head" }, chip, el("b", {}, title), el("span", { class: "spacer" }), note && el("span", { class: "note" }, note), copyButton(text, label)),
    lines.length ? el("div", { class: "headers" }, lines) : null,
    text ? el("pre", { tabindex: 0 }, isJson(text) ? jsonNodes(text) : text) : null,
  );
}

function shown(body) {
  if (body.text === null) return body.bytes ? `${size(body.bytes)} that are no text, or were not read` : "";
  return body.text;
}

const shortened = (body) => (body.is_cut ? `shortened, ${size(body.bytes)}` : null);

export function requestBox(exchange) {
  return codeBox(`${exchange.method} ${exchange.target}`, shown(exchange.request), { headers: exchange.request.headers, label: "the request's body", note: shortened(exchange.request) });
}

export function responseBox(exchange) {
  const status = exchange.status === null ? "no answer yet" : exchange.status === 499 ? "the client is gone" : `HTTP ${exchange.status}`;
  const chip = el("span", { class: `chip ${statusClass(exchange.status, exchange.refused)}` }, status);
  return codeBox("Answer", shown(exchange.response), { headers: exchange.response.headers, label: "the answer's body", chip, note: shortened(exchange.response) });
}

export function curlButton(exchange) {
  return el(
    "button",
    { class: "button", type: "button", disabled: exchange.curl === null, title: exchange.curl === null ? "The body is not kept as a whole" : "Put your credentials in the place of ***", on: { click: () => copy(exchange.curl, "Copied as curl; put your credentials in the place of ***") } },
    icon("copy"),
    "Copy as curl",
  );
}
