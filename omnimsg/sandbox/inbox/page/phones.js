// The list of phones.

import { byId, el, keyed } from "./dom.js";
import { many, when } from "./format.js";
import { icon } from "./icons.js";
import { loadPhones } from "./loader.js";
import { avatar, channelChip, providerChip } from "./marks.js";
import { phoneRoute } from "./router.js";
import { forgetGone, unread } from "./seen.js";
import { state } from "./state.js";

let parts = null;

function frame() {
  const search = el("input", { class: "field", type: "search", placeholder: "Number or words", "aria-label": "Search phones and messages", autocomplete: "off", spellcheck: "false" });
  search.value = state.search;
  search.addEventListener("input", () => { state.search = search.value.trim(); loadPhones(); });
  const sum = el("span", { class: "sum" });
  const rows = el("div", { class: "rows" });
  byId("list").replaceChildren(
    el("header", { class: "list-head" }, el("div", { class: "title" }, el("h1", {}, "Phones"), sum), el("div", { class: "search" }, icon("search"), search, el("kbd", {}, "/"))),
    el("div", { class: "scroll" }, rows),
  );
  parts = { search, sum, rows };
}

function preview(last) {
  const lead = { in: icon("reply"), refused: icon("alert") }[last.direction] ?? null;
  return el("span", { class: `preview ${last.direction}` }, lead, lead && " ", last.text || "no text");
}

function marks(routes) {
  const providers = [...new Set(routes.map((route) => route.provider))];
  const channels = [...new Set(routes.map((route) => route.channel))].filter(Boolean);
  return el("span", { class: "marks" }, channels.map(channelChip), providers.map(providerChip));
}

function row({ phone, count, isOpen }) {
  return el(
    "button",
    { class: `row${count ? " is-unread" : ""}`, type: "button", "aria-current": isOpen ? "true" : null, on: { click: () => { location.hash = phoneRoute(phone.number); } } },
    avatar(phone.number),
    el("span", { class: "top" }, el("span", { class: "number" }, phone.number), el("time", { datetime: phone.last.at }, when(phone.last.at))),
    el("span", { class: "under" }, preview(phone.last), count ? el("span", { class: "unread", "aria-label": `${count} unread` }, count > 99 ? "99+" : String(count)) : null),
    marks(phone.routes),
  );
}

export function showPhones() {
  if (state.route.view !== "phones") {
    parts = null;
    return;
  }
  if (!parts || !parts.rows.isConnected) frame();
  forgetGone();
  const total = state.phones.reduce((sum, phone) => sum + unread(phone), 0);
  document.title = total ? `(${total}) omnimsg sandbox` : "omnimsg sandbox";
  parts.sum.textContent = state.phoneCount ? many(state.phoneCount, state.search ? "match" : "phone", state.search ? "matches" : "phones") : "";
  const items = state.phones.map((phone) => ({ phone, count: unread(phone), isOpen: phone.number === state.route.number }));
  keyed(parts.rows, items, (item) => item.phone.number, row);
  // Where there is room for one pane only, what to do first is shown in place of an empty list.
  if (!state.route.number) document.body.dataset.pane = state.phoneCount === 0 && !state.search ? "main" : "list";
  if (!items.length && state.search) parts.rows.replaceChildren(el("p", { class: "nothing" }, "No number and no message has these words."));
}

export function focusSearch() {
  parts?.search.focus();
  parts?.search.select();
}

export function clearSearch() {
  if (!state.search || !parts) return false;
  parts.search.value = state.search = "";
  loadPhones();
  return true;
}

export const totalUnread = () => state.phones.reduce((sum, phone) => sum + unread(phone), 0);
