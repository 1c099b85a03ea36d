// The content of a message, block by block.

import { mailAddress, mediaAddress } from "./api.js";
import { el } from "./dom.js";
import { hue, initials } from "./format.js";
import { icon } from "./icons.js";
import { tap } from "./reply.js";
import { link, textNodes } from "./text.js";

const hostOf = (url) => {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
};

function file(block, message) {
  const name = block.name ?? block.description;
  if (block.media) return ownFile(block, mediaAddress(message.provider, block.media));
  if (block.kind === "file") {
    const where = block.url ? `at ${hostOf(block.url)}, not fetched` : "not in the sandbox";
    return document_(name ?? block.url?.split("/").pop() ?? "File", where, block.url);
  }
  return el(
    "div",
    { class: "elsewhere" },
    icon(block.kind in { video: 1, audio: 1 } ? block.kind : "image"),
    el("span", {}, block.url ? "Not fetched: it is on another host" : `A stored file, ${name ?? "without a name"}`),
    block.url && link(block.url),
    block.description && el("span", {}, block.description),
  );
}

export function ownFile(block, address) {
  if (block.kind === "image" || block.kind === "sticker") {
    const alt = block.description ?? block.name ?? "Picture";
    const picture = el("img", { class: `picture ${block.kind}`, src: address, alt });
    // What cannot be shown as a picture can still be saved.
    const shown = el("a", { class: "picture-link", href: address, target: "_blank", rel: "noopener" }, picture);
    picture.addEventListener("error", () => shown.replaceWith(document_(block.name ?? "Picture", block.content_type ?? "cannot be shown", address)));
    return shown;
  }
  if (block.kind === "video") return el("video", { class: "picture", controls: true, preload: "metadata", src: address });
  if (block.kind === "audio") return el("audio", { controls: true, preload: "metadata", src: address });
  return document_(block.name ?? "File", block.content_type ?? "", address);
}

function document_(name, where, href) {
  const inside = [
    el("span", { class: "sheet" }, icon("file")),
    el("span", { class: "what" }, el("span", { class: "name" }, name), el("span", { class: "where" }, where)),
  ];
  return href ? link(href, inside, { class: "file" }) : el("div", { class: "file" }, inside);
}

const ACTION_ICONS = { link: "link", call: "call", location: "place", copy: "copy", "quick reply": "reply" };

function button(block, message) {
  if (block.action === "reply") {
    return el("button", { class: "tap", type: "button", on: { click: () => tap(message, block) } }, icon("reply"), block.label);
  }
  const inside = [icon(ACTION_ICONS[block.action] ?? "right"), block.label];
  if (block.action === "link" && block.value) return link(block.value, inside, { class: "tap", title: block.value });
  if (block.action === "call" && block.value) return link(`tel:${block.value}`, inside, { class: "tap", title: block.value });
  const value = block.value ? el("span", { class: "value" }, block.value) : null;
  return el("button", { class: "tap", type: "button", disabled: true, title: block.action }, inside, value);
}

function choice(block, message) {
  if (block.action !== "reply") return button(block, message);
  return el(
    "button",
    { class: "choice", type: "button", on: { click: () => tap(message, block) } },
    el("span", { class: "label" }, block.label),
    block.description && el("span", { class: "more" }, block.description),
  );
}

function list(block, message) {
  const sections = block.sections.map(([title, entries]) => [title && el("h3", {}, title), ...entries.map((entry) => choice(entry, message))]);
  return el("details", { class: "choices" }, el("summary", {}, icon("list"), block.label), sections);
}

function mail(block, message) {
  const frame = el("iframe", { sandbox: "", title: `E-mail: ${block.subject ?? "no subject"}`, src: mailAddress(message.provider, message.id), referrerpolicy: "no-referrer" });
  const source = el("pre", { class: "text" }, block.html);
  return el(
    "div",
    { class: "mail" },
    el("p", { class: "subject" }, block.subject ?? "No subject"),
    frame,
    el("details", { class: "parts" }, el("summary", {}, "HTML source"), source),
  );
}

function template(block) {
  const values = block.values.flatMap(([name, value]) => [el("dt", {}, `{{${name}}}`), el("dd", {}, value)]);
  return el(
    "div",
    { class: "template" },
    block.text === null
      ? el("p", { class: "unknown" }, "The wording is the provider's; these values go into it.")
      : el("p", { class: "wording" }, textNodes(block.text, "whatsapp")),
    el("p", { class: "sheet-name" }, icon("template"), "Template ", el("code", {}, block.name), block.language && el("span", {}, block.language)),
    values.length ? el("dl", { class: "values" }, values) : null,
  );
}

function contact(block) {
  const lines = block.lines.map(([kind, value]) => el("span", { title: kind }, value));
  return el("div", { class: "contact" }, el("span", { class: `avatar ${hue(block.name)}`, "aria-hidden": "true" }, initials(block.name)), el("b", {}, block.name), lines);
}

export function place(block) {
  return el(
    "div",
    { class: "place" },
    el("div", { class: "map" }, icon("place")),
    el("div", { class: "words" }, el("b", {}, block.name ?? "Location"), block.address && el("span", {}, block.address), el("span", {}, `${block.latitude}, ${block.longitude}`)),
  );
}

function text(block, message) {
  return el("p", { class: `text ${block.role}` }, textNodes(block.text, message.channel));
}

const BUILDERS = {
  text,
  html: mail,
  file,
  button,
  list,
  cards: (block, message) => el("div", { class: "cards", tabindex: 0, role: "group", "aria-label": "Carousel" }, block.cards.map((card) => el("div", { class: "card" }, blockNodes(card, message)))),
  place,
  contact,
  template,
};

export function blockNodes(blocks, message) {
  const isMail = blocks.some((block) => block.block === "html");
  return blocks.map((block) => {
    const node = (BUILDERS[block.block] ?? text)(block, message);
    // The text of an e-mail stands for its HTML where that is not shown.
    return isMail && block.block === "text" ? el("details", { class: "parts" }, el("summary", {}, "Text part"), node) : node;
  });
}
