// What stands where no conversation is open.

import { copyButton } from "./copy.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { state } from "./state.js";

const command = (text) => el("div", { class: "command" }, el("code", {}, text), copyButton(text, "the command"));

export function welcome(number) {
  const back = el("header", { class: "bar back" }, el("a", { class: "button bare", href: "#/phones" }, icon("back"), "Phones"));
  if (number) return el("div", { class: "scroll" }, back, el("p", { class: "nothing" }, `Nobody has written to ${number}.`));
  if (state.phones.length) return el("p", { class: "nothing welcome" }, "Choose a phone to see what it shows.");
  const port = location.port || "80";
  const magic = Object.entries(state.about?.magic ?? {}).flatMap(([suffix, meaning]) => [el("code", {}, suffix), el("span", {}, meaning)]);
  return el(
    "div",
    { class: "scroll" },
    el(
      "div",
      { class: "welcome" },
      el("h1", {}, "No phone has received anything yet."),
      el("p", {}, "Messages to this sandbox appear here while they arrive. Nothing leaves this machine."),
      el(
        "ol",
        {},
        el("li", {}, el("span", {}, "Accounts that reach the sandbox"), command(`omnimsg sandbox --port ${port} --print-config > omnimsg.toml`)),
        el("li", {}, el("span", {}, "A first message"), command("omnimsg send --to +27820990001 --text 'Your code is 482913'")),
      ),
      magic.length ? el("details", {}, el("summary", {}, "Recipients whose last six digits decide what happens"), el("div", { class: "magic" }, magic)) : null,
    ),
  );
}
