// Copy a text, also where the browser gives pages without TLS no clipboard.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { toast } from "./toast.js";

export async function copy(text, what = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = el("textarea", { class: "visually-hidden", readonly: true });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  toast(what);
}

export const copyButton = (text, label) =>
  el(
    "button",
    { class: "button bare", type: "button", title: `Copy ${label}`, "aria-label": `Copy ${label}`, on: { click: () => copy(text, `Copied ${label}`) } },
    icon("copy"),
  );
