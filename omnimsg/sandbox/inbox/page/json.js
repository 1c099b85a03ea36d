// Show JSON in lines and colours. The text is only set out: a number keeps its digits.

import { el } from "./dom.js";

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]|[^\s]/g;

function colour(token, isKey) {
  if (token[0] === '"') return isKey ? "j-key" : "j-text";
  if (/^-?\d/.test(token)) return "j-number";
  return /^(true|false|null)$/.test(token) ? "j-word" : null;
}

export function jsonNodes(text) {
  const tokens = text.match(TOKEN) ?? [];
  const nodes = [];
  let depth = 0;
  const line = () => nodes.push("\n" + "  ".repeat(depth));
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      if (!["{", "["].includes(tokens[index - 1])) line();
    }
    const style = colour(token, next === ":");
    nodes.push(style ? el("span", { class: style }, token) : token);
    if (token === "{" || token === "[") {
      depth += 1;
      if (next !== "}" && next !== "]") line();
    } else if (token === ",") line();
    else if (token === ":") nodes.push(" ");
  });
  return nodes;
}

export function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
