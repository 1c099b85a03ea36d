// Texts with their links, and for WhatsApp with its own marks: *bold*, _italic_, ~struck~, ```code```.

import { el } from "./dom.js";

const LINK = /https?:\/\/[^\s<>"']+/gi;
const TRAILING = /[.,;:!?)\]}'"»”’]+$/;
const MARKS = [
  [/```([\s\S]+?)```/, "code"],
  [/(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])/, "strong"],
  [/(?<![\w_])_(\S(?:[^_\n]*\S)?)_(?![\w_])/, "em"],
  [/(?<![\w~])~(\S(?:[^~\n]*\S)?)~(?![\w~])/, "s"],
];

export function link(url, label = url, properties = {}) {
  // Only what a browser opens as a page: never a script.
  if (!/^(https?:|mailto:|tel:)/i.test(url)) return el("span", properties, label);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...properties }, label);
}

function linked(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const url = match[0].replace(TRAILING, "");
    nodes.push(text.slice(from, match.index), link(url));
    from = match.index + url.length;
  }
  return [...nodes, text.slice(from)].filter((node) => node !== "");
}

function marked(text) {
  for (const [pattern, tag] of MARKS) {
    const found = pattern.exec(text);
    if (found) {
      const inner = tag === "code" ? [found[1]] : marked(found[1]);
      return [...marked(text.slice(0, found.index)), el(tag, {}, inner), ...marked(text.slice(found.index + found[0].length))];
    }
  }
  return linked(text);
}

export const textNodes = (text, channel) => (channel === "whatsapp" ? marked(text) : linked(text));
