// The views at the edge of the page, the theme, the keys, and the reset.

import { post, address } from "./api.js";
import { confirm, showKeys } from "./dialogs.js";
import { byId, el } from "./dom.js";
import { activeFaults } from "./faults.js";
import { icon } from "./icons.js";
import { totalUnread } from "./phones.js";
import { refusedSince } from "./seen.js";
import { state } from "./state.js";
import { isDark, switchTheme } from "./theme.js";
import { attempt } from "./toast.js";

export const VIEWS = ["phones", "requests", "faults", "callbacks"];
const NAMES = { phones: "Phones", requests: "Requests", faults: "Faults", callbacks: "Callbacks" };

function count(view) {
  const unread = totalUnread();
  if (view === "phones" && unread) return el("span", { class: "count" }, unread > 99 ? "99+" : String(unread));
  if (view === "requests" && refusedSince()) return el("span", { class: "count danger" }, "!");
  const active = activeFaults().length;
  return view === "faults" && active ? el("span", { class: "count warn" }, String(active)) : null;
}

async function reset() {
  const text = "Messages, phones, requests, files and faults are forgotten. The addresses of callbacks stay.";
  if (await confirm("Reset the sandbox?", text, "Reset")) {
    await attempt(post("reset"), "The sandbox is empty");
    location.hash = "#/phones";
  }
}

export function toggleTheme() {
  switchTheme();
  showRail();
}

const button = (name, picture, click, extra = {}, ...more) => el("button", { type: "button", title: name, "aria-label": name, on: { click }, ...extra }, icon(picture), ...more);

export function showRail() {
  const focused = document.activeElement?.closest("#rail button")?.getAttribute("aria-label");
  const live = { true: ["yes", "Live"], false: ["no", "The sandbox cannot be reached"], null: ["", "Connecting"] }[String(state.live)];
  byId("rail").replaceChildren(
    el("img", { class: "brand", src: address("inbox/icon.svg"), alt: "omnimsg sandbox" }),
    ...VIEWS.map((view) => button(NAMES[view], view, () => { location.hash = `#/${view}`; }, { "aria-current": state.route.view === view ? "page" : null }, count(view) ?? "")),
    el("span", { class: "spacer" }),
    el("span", { class: "live", role: "img", title: live[1], "aria-label": live[1], data: { live: live[0] } }),
    button(isDark() ? "Light" : "Dark", isDark() ? "sun" : "moon", toggleTheme),
    button("Keys", "keys", showKeys),
    button("Reset the sandbox", "reset", reset),
  );
  if (focused) byId("rail").querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
}
