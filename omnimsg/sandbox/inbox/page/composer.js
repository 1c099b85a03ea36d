// What the phone sends: a text, STOP, a picture, a place.

import { askPlace } from "./dialogs.js";
import { el } from "./dom.js";
import { channelName, isMailbox, providerName } from "./format.js";
import { icon } from "./icons.js";
import { reply } from "./reply.js";
import { toast } from "./toast.js";

const MAX_FILE = 16 * 1024 * 1024;

function readFile(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result).split(",")[1] ?? ""));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

export function composer(number) {
  if (isMailbox(number)) {
    const note = el("p", { class: "cannot" }, "The providers document no replies of mailboxes.");
    return { node: el("footer", { class: "composer" }, note), update() {}, focus() {} };
  }
  let routes = "";
  const text = el("textarea", { class: "field", rows: 1, placeholder: `Answer as ${number}`, "aria-label": `Answer as ${number}` });
  const ways = el("select", { class: "field", "aria-label": "Provider and channel of the answer" });
  const picker = el("input", { type: "file", hidden: true });

  const way = () => {
    const [provider, channel] = ways.value.split(" ");
    return provider ? { provider, ...(channel ? { channel } : {}) } : {};
  };
  const send = (content) => reply({ from: number, ...way(), ...content });

  async function sendText() {
    const value = text.value.trim();
    if (value && (await send({ text: value }))) text.value = "";
  }

  picker.addEventListener("change", async () => {
    const [file] = picker.files;
    picker.value = "";
    if (!file) return;
    if (file.size > MAX_FILE) return toast("The file is larger than 16 MiB", { error: true });
    const caption = text.value.trim();
    const media = { content_type: file.type || "application/octet-stream", data: await readFile(file), file_name: file.name };
    if (!media.data) return toast("The file is empty", { error: true });
    if (await send({ media, ...(caption ? { text: caption } : {}) })) text.value = "";
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      sendText();
    }
  });

  const tool = (name, label, click) => el("button", { class: "button bare", type: "button", title: label, "aria-label": label, on: { click } }, icon(name));
  const form = el(
    "form",
    { on: { submit: (event) => { event.preventDefault(); sendText(); } } },
    el("div", { class: "line" }, text, el("button", { class: "button primary send", type: "submit" }, icon("send"), "Send")),
    el(
      "div",
      { class: "tools" },
      ways,
      tool("image", "Send a picture or another file", () => picker.click()),
      tool("place", "Send a place", async () => { const location = await askPlace(); if (location) send({ location }); }),
      el("button", { class: "button bare danger", type: "button", title: "Answer STOP", on: { click: () => send({ text: "STOP" }) } }, icon("stop"), "STOP"),
      picker,
    ),
  );

  return {
    node: el("footer", { class: "composer" }, form),
    update(phone) {
      const known = phone.routes.map(({ provider, channel }) => `${provider} ${channel ?? ""}`);
      if (known.join() === routes) return;
      routes = known.join();
      const chosen = ways.value;
      const options = phone.routes.map(({ provider, channel }, index) => el("option", { value: known[index] }, `${providerName(provider)} · ${channelName(channel)}`));
      ways.replaceChildren(el("option", { value: "" }, "As last written to"), ...options);
      ways.value = known.includes(chosen) ? chosen : "";
    },
    focus: () => text.focus(),
  };
}
