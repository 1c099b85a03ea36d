// The keys; none of them while something is being written.

import { focusComposer, openEntry, openNeighbour } from "./conversation.js";
import { copy } from "./copy.js";
import { chosenEntry, close } from "./details.js";
import { showKeys } from "./dialogs.js";
import { clearSearch, focusSearch } from "./phones.js";
import { toggleTheme, VIEWS } from "./rail.js";
import { openNeighbourRequest } from "./requests.js";
import { go } from "./router.js";
import { state } from "./state.js";

function step(by) {
  if (state.route.view === "requests") openNeighbourRequest(by);
  else openNeighbour(by);
}

function copyCode() {
  const entry = chosenEntry() ?? state.phone?.entries.findLast((each) => each.codes?.length);
  if (entry?.codes?.length) copy(entry.codes[0], `Copied ${entry.codes[0]}`);
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  n: () => openEntry(1),
  p: () => openEntry(-1),
  r: focusComposer,
  c: copyCode,
  t: toggleTheme,
  "?": showKeys,
  "/": () => {
    if (state.route.view !== "phones") go("#/phones");
    focusSearch();
  },
};
VIEWS.forEach((view, index) => { KEYS[String(index + 1)] = () => go(`#/${view}`); });

function escape(target) {
  if (target.matches("input, textarea")) {
    if (target.type === "search") clearSearch();
    target.blur();
  } else if (chosenEntry()) close();
  else if (!clearSearch() && document.body.dataset.pane === "main") go(`#/${state.route.view === "requests" ? "requests" : "phones"}`);
}

export function startKeyboard() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return escape(event.target);
    if (event.target.matches("input, textarea, select")) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
