// The dialogs: the keys, a question before a reset, a place to send.

import { el } from "./dom.js";

function show(title, ...inside) {
  const dialog = el("dialog", { "aria-label": title }, el("h2", {}, title), ...inside);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.showModal();
  return dialog;
}

const cancel = (dialog) => el("button", { class: "button", type: "button", on: { click: () => dialog().close() } }, "Cancel");

export const KEYS = [
  ["j  k", "next and previous phone, or request"],
  ["n  p", "next and previous message, with its details"],
  ["/", "search"],
  ["r", "answer as the phone"],
  ["c", "copy the one-time code of the message"],
  ["1  2  3  4", "phones, requests, faults, callbacks"],
  ["t", "dark or light"],
  ["Esc", "close what is open"],
  ["?", "these keys"],
];

export function showKeys() {
  if (document.querySelector("dialog[open]")) return;
  const rows = KEYS.flatMap(([keys, meaning]) => [el("span", {}, keys.split("  ").flatMap((key) => [el("kbd", {}, key), " "])), el("span", {}, meaning)]);
  show("Keys", el("div", { class: "keys" }, rows));
}

export function confirm(title, text, label) {
  return new Promise((resolve) => {
    const yes = el("button", { class: "button primary", type: "button", on: { click: () => { resolve(true); dialog.close(); } } }, label);
    const dialog = show(title, el("div", { class: "stack" }, el("p", {}, text), el("div", { class: "actions" }, cancel(() => dialog), yes)));
    dialog.addEventListener("close", () => resolve(false));
    yes.focus();
  });
}

export function askPlace() {
  return new Promise((resolve) => {
    const input = (name, value, type = "text") => el("input", { class: "field", name, type, value, step: "any" });
    const latitude = input("latitude", "-33.9249", "number");
    const longitude = input("longitude", "18.4241", "number");
    const name = input("name", "Company's Garden");
    const form = el(
      "form",
      { on: { submit: (event) => {
        event.preventDefault();
        resolve({ latitude: latitude.valueAsNumber, longitude: longitude.valueAsNumber, ...(name.value.trim() ? { name: name.value.trim() } : {}) });
        dialog.close();
      } } },
      el("div", { class: "pair" }, el("label", {}, "Latitude", latitude), el("label", {}, "Longitude", longitude)),
      el("label", {}, "Name", name),
      el("div", { class: "actions" }, cancel(() => dialog), el("button", { class: "button primary", type: "submit" }, "Send the place")),
    );
    const dialog = show("Send a place", form);
    dialog.addEventListener("close", () => resolve(null));
  });
}
