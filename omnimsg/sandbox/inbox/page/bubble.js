// One entry of a conversation: a message, a refusal, or what the phone has sent.

import { mediaAddress } from "./api.js";
import { blockNodes, ownFile, place } from "./blocks.js";
import { copy } from "./copy.js";
import { el } from "./dom.js";
import { clock, many, providerName } from "./format.js";
import { icon } from "./icons.js";
import { channelChip, ticks } from "./marks.js";
import { phoneRoute } from "./router.js";
import { state } from "./state.js";
import { link, textNodes } from "./text.js";

const open = (entry) => { location.hash = phoneRoute(state.phone.number, entry.id); };

function details(entry, ...inside) {
  return el("button", { class: "open", type: "button", title: "Details", "aria-label": `Details of the message of ${clock(entry.at)}`, on: { click: () => open(entry) } }, inside);
}

function from(entry, sender) {
  return el("p", { class: "from" }, channelChip(entry.channel), el("span", { class: "sender" }, `${sender ? `${sender} · ` : ""}${providerName(entry.provider)}`));
}

export const smsNote = (sms) => `${many(sms.parts, "part")} · ${sms.encoding}`;

function found(entry) {
  if (!entry.codes.length) return null;
  return el(
    "div",
    { class: "found" },
    entry.codes.map((code) => el("button", { class: "copy-code", type: "button", title: "Copy the code", on: { click: () => copy(code, `Copied ${code}`) } }, icon("copy"), code)),
  );
}

function message(entry) {
  if (entry.stage === "unused") {
    return el("div", { class: "entry out slim" }, el("p", { class: "slim-line" }, icon("minus"), details(entry, channelChip(entry.channel), "fallback, not needed")));
  }
  const lost = ["failed", "expired", "cancelled"].includes(entry.stage) && !entry.arrived;
  const last = [...entry.life].reverse().find((moment) => !moment.is_planned);
  return el(
    "article",
    { class: `entry out${lost ? " lost" : ""} ${entry.blocks.some((block) => block.block === "html") ? "email" : ""}` },
    from(entry, entry.sender),
    el("div", { class: "bubble" }, blockNodes(entry.blocks, entry)),
    found(entry),
    el(
      "p",
      { class: "under-bubble" },
      details(entry, el("time", { datetime: entry.at }, clock(entry.at)), ticks(entry.stage)),
      lost && last?.detail ? el("span", {}, last.detail) : null,
      entry.sms && el("span", {}, smsNote(entry.sms)),
    ),
  );
}

function refused(entry) {
  return el(
    "article",
    { class: "entry refused" },
    from(entry),
    el(
      "div",
      { class: "bubble" },
      entry.text && el("p", { class: "text" }, textNodes(entry.text)),
      el("p", { class: "why" }, el("b", {}, entry.code ?? "refused"), " ", entry.reason),
    ),
    el("p", { class: "under-bubble" }, details(entry, el("time", { datetime: entry.at }, clock(entry.at)), el("span", { class: "ticks failed" }, icon("alert"), "refused"))),
  );
}

function said(entry) {
  const parts = [];
  const media = entry.media;
  if (media) {
    const name = media.name ?? media.content_type;
    const own = media.media ? mediaAddress("phones", media.media) : null;
    if (own && media.content_type.startsWith("image/")) parts.push(ownFile({ kind: "image", name: media.name, content_type: media.content_type }, own));
    else parts.push(el("p", { class: "text" }, icon("file"), " ", own ? link(own, name) : name));
  }
  if (entry.location) parts.push(place(entry.location));
  if (entry.button) parts.push(el("p", { class: "text" }, icon("reply"), " ", entry.button.label ?? entry.button.payload));
  if (entry.text) parts.push(el("p", { class: "text" }, textNodes(entry.text, entry.channel)));
  return parts;
}

function sent(entry) {
  if (entry.interaction || !entry.provider) {
    const what = entry.interaction ? `${entry.interaction.kind}, told by ${providerName(entry.provider)}` : "wrote: the service window is open";
    return el("div", { class: "entry in slim" }, el("p", { class: "slim-line" }, details(entry, what, el("time", {}, clock(entry.at)))));
  }
  return el(
    "article",
    { class: "entry in" },
    el("p", { class: "from" }, channelChip(entry.channel), providerName(entry.provider)),
    el("div", { class: "bubble" }, said(entry)),
    el("p", { class: "under-bubble" }, details(entry, el("time", { datetime: entry.at }, clock(entry.at)), called(entry))),
  );
}

function called(entry) {
  if (!entry.sent_to) return el("span", { class: "ticks" }, icon("minus"), "nobody called");
  const last = entry.callbacks.at(-1);
  if (!last) return el("span", { class: "ticks" }, icon("clock"), "calling back");
  const isTaken = last.status >= 200 && last.status < 300;
  return el("span", { class: `ticks ${isTaken ? "delivered" : "failed"}` }, icon(isTaken ? "check" : "alert"), isTaken ? "taken" : `answered ${last.status ?? last.error}`);
}

export function bubble(entry, isNew) {
  const node = { out: message, refused, in: sent }[entry.direction](entry);
  if (isNew) node.classList.add("arrives");
  return node;
}
