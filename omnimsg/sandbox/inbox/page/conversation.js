// The open conversation.

import { bubble } from "./bubble.js";
import { composer } from "./composer.js";
import { byId, el, keyed } from "./dom.js";
import { day, many } from "./format.js";
import { icon } from "./icons.js";
import { loadPhone } from "./loader.js";
import { avatar } from "./marks.js";
import { go, phoneRoute } from "./router.js";
import { markSeen } from "./seen.js";
import { state, tell } from "./state.js";
import { attempt } from "./toast.js";
import { post } from "./api.js";
import { welcome } from "./welcome.js";

let shown = null; // the number whose conversation is on the page
let parts = null;
let atEnd = true;

function frame(number) {
  const log = el("div", { class: "log", role: "log", "aria-label": `Conversation with ${number}` });
  const scroll = el("div", { class: "scroll", tabindex: -1 }, log);
  const head = el("header", { class: "bar talk-head" });
  // A picture has its height only when it is loaded: what is at the end stays there.
  // The end also moves away when a picture is loaded: only who scrolls up leaves it.
  let top = 0;
  scroll.addEventListener("scroll", () => { atEnd = isAtEnd() || (atEnd && scroll.scrollTop >= top); top = scroll.scrollTop; }, { passive: true });
  const follow = new ResizeObserver(() => { if (atEnd) scroll.scrollTop = scroll.scrollHeight; });
  follow.observe(log);
  // It becomes lower where the composer grows, or a phone's keyboard opens.
  follow.observe(scroll);
  parts = { head, log, scroll, composer: composer(number) };
  byId("main").replaceChildren(head, scroll, parts.composer.node);
}

function windowButton(phone) {
  const closed = Object.entries(phone.windows).filter(([, isOpen]) => !isOpen);
  if (!Object.keys(phone.windows).length) return null;
  if (!closed.length) return el("span", { class: "chip good", title: "WhatsApp takes any content within 24 hours of the phone's last message" }, "window open");
  return el(
    "button",
    { class: "button", title: "WhatsApp takes only templates now. Let the phone write, which opens the window for 24 hours.", on: { click: () => attempt(post("inbound", { from: phone.number }), "The service window is open") } },
    icon("clock"),
    "Open window",
  );
}

function head(phone) {
  const refused = phone.refused ? ` · ${many(phone.refused, "refusal")}` : "";
  return [
    el("a", { class: "button bare back", href: "#/phones", "aria-label": "Back to the phones" }, icon("back")),
    avatar(phone.number),
    el("div", { class: "who" }, el("h1", {}, phone.number), el("p", {}, `${many(phone.total - phone.refused, "message")}${refused}`)),
    windowButton(phone),
  ];
}

function withDays(entries) {
  const items = [];
  let last = null;
  for (const entry of entries) {
    const name = day(entry.at);
    if (name !== last) items.push({ day: name, id: `day ${name}` });
    last = name;
    items.push(entry);
  }
  return items;
}

function earlier(phone) {
  const more = phone.count - phone.entries.length;
  if (more <= 0) return [];
  return [{ more, id: "earlier" }];
}

function build(item, isNew) {
  if (item.day) return el("p", { class: "day" }, item.day);
  if (item.more) return el("button", { class: "button earlier", on: { click: () => { state.limit += 200; loadPhone(); } } }, `${item.more.toLocaleString()} earlier`);
  return bubble(item, isNew && shown === state.phone.number);
}

export function selectEntry() {
  if (!parts) return;
  for (const node of parts.log.children) node.classList.toggle("is-selected", node.dataset.key === state.route.entry);
  parts.log.querySelector(".is-selected")?.scrollIntoView({ block: "nearest" });
}

function isAtEnd() {
  return parts.scroll.scrollHeight - parts.scroll.scrollTop - parts.scroll.clientHeight < 120;
}

export function showConversation() {
  if (state.route.view !== "phones") {
    shown = null;
    return;
  }
  const { number } = state.route;
  const phone = state.phone;
  if (!number || !phone || phone.number !== number) {
    if (!number || !phone) {
      shown = null;
      parts = null;
      byId("main").replaceChildren(welcome(number));
    }
    return;
  }
  const isOther = shown !== number;
  if (isOther) frame(number);
  const follow = isOther || atEnd;
  parts.head.replaceChildren(...head(phone).filter(Boolean));
  keyed(parts.log, [...earlier(phone), ...withDays(phone.entries)], (item) => item.id, build);
  parts.composer.update(phone);
  shown = number;
  if (follow) parts.scroll.scrollTop = parts.scroll.scrollHeight;
  atEnd = follow;
  selectEntry();
  if (markSeen(phone)) tell("seen");
}

export function openNeighbour(step) {
  const numbers = state.phones.map((phone) => phone.number);
  const at = numbers.indexOf(state.route.number);
  const next = numbers[at < 0 ? 0 : Math.min(numbers.length - 1, Math.max(0, at + step))];
  if (next) go(phoneRoute(next));
}

export function openEntry(step) {
  const ids = (state.phone?.entries ?? []).map((entry) => entry.id);
  if (!ids.length) return;
  const at = ids.indexOf(state.route.entry);
  const next = ids[at < 0 ? ids.length - 1 : Math.min(ids.length - 1, Math.max(0, at + step))];
  go(phoneRoute(state.phone.number, next));
}

export const focusComposer = () => parts?.composer.focus();
