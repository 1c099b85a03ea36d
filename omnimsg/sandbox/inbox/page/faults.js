// Faults: switch each on for the next request, or until it is switched off.

import { post, remove } from "./api.js";
import { byId, el } from "./dom.js";
import { many, providerName } from "./format.js";
import { icon } from "./icons.js";
import { state } from "./state.js";
import { attempt } from "./toast.js";

const ABOUT = {
  latency: ["Slow answer", "processed, then answered late"],
  status: ["HTTP status", "an empty answer; nothing is sent"],
  rate_limit: ["Rate limit", "the provider's own “too many requests”"],
  interim: ["Interim answer", "a 1xx before the real answer"],
  reset_before: ["Connection reset, before", "nothing is sent"],
  reset_after: ["Connection reset, after", "the message is sent, the answer is lost"],
  truncate: ["Half an answer", "the message is sent, the answer is cut off"],
  shuffle: ["Shuffled answer", "the entries in another order"],
  redirect: ["Redirect", "to the same address, not processed"],
  html: ["A gateway's page", "HTML instead of JSON, not processed"],
  callback_duplicate: ["Twice", "each callback comes twice"],
  callback_reorder: ["Out of order", "a report after the one that follows it"],
  callback_delay: ["Late", "callbacks wait"],
  callback_bad_signature: ["Bad signature", "the first attempt is not genuine"],
  callback_contradict: ["Contradicted", "the opposite is reported a moment later"],
  callback_early: ["Early", "the report comes before the answer to the send"],
  callback_lost: ["Lost", "the callback never comes"],
};
const NUMBERS = { seconds: 2, status: null };
const USUAL = { status: 503, interim: 102, redirect: 307, html: 502, rate_limit: null };

const chosen = { provider: "" };

const waits = (fault) => fault.count === null || fault.fired < fault.count;
export const activeFaults = () => state.faults.filter(waits);

function add(kind, inputs, always) {
  const parameters = {};
  for (const [name, input] of Object.entries(inputs)) if (input.value !== "") parameters[name] = Number(input.value);
  const body = { kind, ...parameters, ...(always ? { probability: 1 } : { count: 1 }) };
  if (chosen.provider) body.provider = chosen.provider;
  attempt(post("faults", body));
}

function inputsOf(kind, parameters) {
  const inputs = {};
  for (const name of Object.keys(parameters)) {
    if (!(name in NUMBERS)) continue;
    const value = name === "status" ? USUAL[kind] ?? "" : NUMBERS[name];
    inputs[name] = el("input", { class: "field", type: "number", step: "any", min: 0, value, "aria-label": `${ABOUT[kind]?.[0] ?? kind}: ${name}`, placeholder: "its own" });
  }
  return inputs;
}

function line(kind, parameters) {
  const [name, about] = ABOUT[kind] ?? [kind, ""];
  const active = activeFaults().filter((fault) => fault.kind === kind);
  const lasting = active.filter((fault) => fault.count === null);
  const inputs = inputsOf(kind, parameters);
  const fired = state.faults.filter((fault) => fault.kind === kind).reduce((sum, fault) => sum + fault.fired, 0);
  const off = () => Promise.all(lasting.map((fault) => attempt(remove(`faults/${fault.id}`))));
  const waiting = active.length - lasting.length;
  return el(
    "div",
    { class: `fault${active.length ? " is-on" : ""}`, data: { kind } },
    el("span", { class: "name" }, name, waiting ? el("span", { class: "chip warn" }, ` ${waiting} waiting`) : null),
    el("span", { class: "set" }, Object.entries(inputs).map(([label, input]) => [label, input])),
    el(
      "span",
      { class: "act" },
      el("button", { class: "button", type: "button", on: { click: () => add(kind, inputs, false) } }, "Once"),
      el("button", { class: "button", type: "button", "aria-pressed": String(lasting.length > 0), on: { click: () => (lasting.length ? off() : add(kind, inputs, true)) } }, lasting.length ? "On" : "Always"),
    ),
    el("span", { class: "about" }, about, fired ? ` · hit ${many(fired, "time")}` : ""),
  );
}

export function showFaults() {
  if (state.route.view !== "faults") return;
  const kinds = Object.entries(state.about?.faults ?? {});
  const provider = el("select", { class: "field", id: "fault-provider" }, el("option", { value: "" }, "All providers"), (state.about?.emulators ?? []).map((name) => el("option", { value: name }, providerName(name))));
  provider.value = chosen.provider;
  provider.addEventListener("change", () => { chosen.provider = provider.value; });
  const group = (title, wanted) => el("section", { class: "panel" }, el("h2", {}, title), kinds.filter(([kind]) => kind.startsWith("callback_") === wanted).map(([kind, parameters]) => line(kind, parameters)));
  const scrolled = byId("main").querySelector(".scroll")?.scrollTop ?? 0;
  const scroll = el(
    "div",
    { class: "scroll", tabindex: -1 },
    el(
      "div",
      { class: "sheet-page" },
      el("p", { class: "lead" }, "See what your application does on a bad day. “Once” hits the next request or callback; “Always” stays until you switch it off."),
      el("div", { class: "tools-line" }, el("label", {}, "New faults hit", provider), el("button", { class: "button", type: "button", disabled: !state.faults.length, on: { click: () => attempt(remove("faults"), "All faults are off") } }, icon("close"), "All off")),
      group("Requests that send", false),
      group("Callbacks", true),
    ),
  );
  byId("main").replaceChildren(el("header", { class: "bar" }, el("h1", {}, "Faults"), activeFaults().length ? el("span", { class: "chip warn" }, `${activeFaults().length} on`) : ""), scroll);
  scroll.scrollTop = scrolled;
}
