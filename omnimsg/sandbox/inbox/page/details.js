// The details of the chosen entry, beside the conversation.

import { get, post } from "./api.js";
import { smsNote } from "./bubble.js";
import { copyButton } from "./copy.js";
import { byId, el } from "./dom.js";
import { exact, providerName } from "./format.js";
import { curlButton, codeBox, requestBox, responseBox } from "./exchange.js";
import { icon } from "./icons.js";
import { channelChip, providerChip, ticks } from "./marks.js";
import { exchangeRoute, go, phoneRoute } from "./router.js";
import { state } from "./state.js";
import { link } from "./text.js";
import { attempt } from "./toast.js";

const OUTCOMES = {
  delivered: ["checks", "Deliver", "Delivered now"],
  read: ["checks", "Mark read", "Read now"],
  failed: ["alert", "Fail", "Failed now, in the provider's words"],
  expired: ["clock", "Expire", "Expired now"],
  contradicted: ["requests", "Contradict", "Report the opposite; the message stays as it is"],
};

let shown = null; // what is on the page, as text, so that equal details are left alone
let exchanges = new Map();

const part = (title, ...inside) => el("section", { class: "part" }, el("h3", {}, title), ...inside);

const isLong = (moment) => (moment.detail ?? "").length > 12;

// The provider's own words, unless the stage says the same.
const words = (moment) =>
  [moment.status === moment.stage ? "" : moment.status, isLong(moment) ? "" : moment.detail].filter(Boolean).join(" · ");

function life(entry) {
  const moments = entry.life.map((moment) =>
    el(
      "li",
      { class: `${moment.stage}${moment.is_planned ? " planned" : ""}` },
      el("span", { class: "dot" }),
      el("span", {}, el("span", { class: "stage" }, moment.stage), " ", el("span", { class: "status" }, words(moment))),
      el("time", { datetime: moment.at }, exact(moment.at)),
      isLong(moment) && el("span", { class: "detail" }, moment.detail),
    ),
  );
  const act = (outcome) => attempt(post("outcomes", { provider: entry.provider, id: entry.id, outcome }), OUTCOMES[outcome][2]);
  const buttons = entry.outcomes.map((outcome) => {
    const [picture, label, about] = OUTCOMES[outcome];
    return el("button", { class: "button", type: "button", title: about, data: { outcome }, on: { click: () => act(outcome) } }, icon(picture), label);
  });
  return part("Life", el("ol", { class: "life" }, moments), buttons.length ? el("div", { class: "row-of-buttons" }, buttons) : null);
}

function codesAndLinks(entry) {
  if (!entry.codes.length && !entry.links.length) return null;
  const codes = entry.codes.map((code) => el("div", { class: "found-line" }, el("span", { class: "big-code" }, code), copyButton(code, "the code")));
  const links = entry.links.map((url) => el("div", { class: "found-line" }, link(url), copyButton(url, "the link")));
  return part([entry.codes.length && "Code", entry.links.length && "Links"].filter(Boolean).join(" and "), codes, links);
}

function sms(entry) {
  if (!entry.sms) return null;
  const { units, capacity, forced_by: forced, encoding } = entry.sms;
  const unit = encoding === "UCS-2" ? "UTF-16 units" : "septets";
  return part(
    "SMS",
    el("p", {}, smsNote(entry.sms), ` · ${units} of ${capacity} ${unit}`),
    el("div", { class: "meter" }, el("progress", { value: units, max: capacity, "aria-label": "How full the parts are" })),
    forced ? el("p", {}, "UCS-2 because of ", el("code", {}, [...forced].slice(0, 12).join(" ")), forced.length > 12 ? " …" : "") : null,
  );
}

function facts(rows) {
  const lines = rows.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, el("code", {}, value), copyButton(value, name))]);
  return part("Names", el("dl", { class: "facts" }, lines));
}

function callLine(call) {
  const isTaken = call.status >= 200 && call.status < 300;
  const result = call.status ?? call.error ?? call.faults.join(", ") ?? "lost";
  return el("li", {}, el("code", {}, call.kind), el("span", { class: `chip ${isTaken ? "good" : "danger"}` }, String(result || "lost")), el("time", { datetime: call.at }, exact(call.at)));
}

function calls(entry) {
  if (!entry.callbacks?.length) return null;
  return part("Callbacks", el("ul", { class: "calls" }, entry.callbacks.slice(-20).map(callLine)));
}

function tabs(names, build) {
  const body = el("div");
  const buttons = names.map((name) => el("button", { type: "button", role: "tab", on: { click: () => choose(name) } }, name));
  const choose = (name) => {
    buttons.forEach((button, index) => button.setAttribute("aria-selected", String(names[index] === name)));
    body.replaceChildren(build(name));
  };
  choose(names[0]);
  return [el("div", { class: "tabs", role: "tablist" }, buttons), body];
}

function request(entry) {
  if (!entry.exchange) return null;
  const exchange = exchanges.get(entry.exchange);
  if (!exchange) return part("Request and answer", el("p", {}, exchange === null ? "The request is forgotten." : "…"));
  const names = entry.direction === "refused" ? ["Answer", "Request"] : ["Request", "Answer"];
  const views = { Request: () => requestBox(exchange), Answer: () => responseBox(exchange), Content: () => codeBox("Content", JSON.stringify(entry.content)) };
  return part(
    "Request and answer",
    ...tabs(entry.content === undefined ? names : [...names, "Content"], (name) => views[name]()),
    el("div", { class: "row-of-buttons" }, curlButton(exchange), el("a", { class: "button", href: exchangeRoute(exchange.id) }, icon("requests"), "Open the request")),
  );
}

function out(entry) {
  return [
    codesAndLinks(entry),
    life(entry),
    sms(entry),
    request(entry),
    calls(entry),
    facts([["omnimsg", entry.message_id], [providerName(entry.provider), entry.id], ["Reference", entry.reference], ["Sender", entry.sender], ["Kind", entry.kind]]),
  ];
}

function refused(entry) {
  return [el("div", { class: "refusal" }, el("b", {}, entry.code ?? "refused"), el("p", {}, entry.reason), entry.why && entry.why !== entry.reason ? el("p", { class: "why" }, entry.why) : null), request(entry)];
}

function received(entry) {
  return [
    entry.callback ? part("Callback", el("p", {}, entry.sent_to ? `to ${entry.sent_to}` : "Not sent: callbacks have no address."), codeBox(entry.kind, JSON.stringify(entry.callback))) : null,
    calls(entry),
  ];
}

async function fetchExchange(id) {
  if (exchanges.has(id)) return;
  exchanges.set(id, undefined);
  exchanges.set(id, await get(`exchanges/${id}`).catch(() => null));
  if (exchanges.size > 50) exchanges = new Map([...exchanges].slice(-25));
  showDetails();
}

export const close = () => go(state.phone ? phoneRoute(state.phone.number) : "#/phones");

export function chosenEntry() {
  const { view, entry, number } = state.route;
  if (view !== "phones" || !entry || state.phone?.number !== number) return null;
  return state.phone.entries.find((each) => each.id === entry) ?? null;
}

export function showDetails() {
  const entry = chosenEntry();
  document.body.dataset.details = entry ? "open" : "closed";
  if (!entry) {
    shown = null;
    byId("details").replaceChildren();
    return;
  }
  if (entry.exchange && !exchanges.has(entry.exchange)) fetchExchange(entry.exchange);
  const print = JSON.stringify([entry, exchanges.get(entry.exchange)?.id]);
  if (print === shown) return;
  const scrolled = byId("details").querySelector(".scroll")?.scrollTop ?? 0;
  const isSame = byId("details").dataset.entry === entry.id;
  const focused = isSame ? document.activeElement?.dataset?.outcome : null;
  shown = print;
  byId("details").dataset.entry = entry.id;
  const sections = { out, refused, in: received }[entry.direction](entry).filter(Boolean);
  const scroll = el("div", { class: "scroll" }, sections);
  const title = entry.direction === "out" ? ticks(entry.stage) : entry.direction === "in" ? "Sent by the phone" : "Refused";
  byId("details").replaceChildren(
    el("header", { class: "bar" }, el("h2", {}, title), entry.channel && channelChip(entry.channel), entry.provider && providerChip(entry.provider), el("button", { class: "button bare", "aria-label": "Close the details", on: { click: close } }, icon("close"))),
    scroll,
  );
  if (isSame) scroll.scrollTop = scrolled;
  if (focused) byId("details").querySelector(`[data-outcome="${focused}"]`)?.focus();
}

