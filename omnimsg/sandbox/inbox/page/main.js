// Put the page together: who is told of what.

import { showCallbacks } from "./callbacks.js";
import { selectEntry, showConversation } from "./conversation.js";
import { showDetails } from "./details.js";
import { showFaults } from "./faults.js";
import { startKeyboard } from "./keyboard.js";
import { loadExchange, loadPhone } from "./loader.js";
import { showPhones } from "./phones.js";
import { showRail } from "./rail.js";
import { showExchange, showRequests } from "./requests.js";
import { startRouter } from "./router.js";
import { on, state } from "./state.js";
import { listen } from "./stream.js";
import { startTheme } from "./theme.js";

startTheme();

on("route", () => {
  showRail();
  showPhones();
  showRequests();
  if (state.route.number !== (state.phone?.number ?? null)) {
    state.limit = 200;
    loadPhone();
  } else showConversation();
  if (state.route.exchange !== (state.exchange?.id ?? null)) loadExchange();
  showExchange();
  showFaults();
  showCallbacks();
  showDetails();
  selectEntry();
});
on("phones", () => { showPhones(); showRail(); if (!state.phone) showConversation(); });
on("seen", () => { showPhones(); showRail(); });
on("phone", () => { showConversation(); showDetails(); });
on("exchanges", () => { showRequests(); showRail(); });
on("exchange", showExchange);
on("faults", () => { showFaults(); showRail(); });
on("callbacks", showCallbacks);
on("about", () => { showFaults(); if (!state.phone) showConversation(); });
on("live", showRail);
document.addEventListener("visibilitychange", () => { if (!document.hidden) showConversation(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showRail);

startRouter();
startKeyboard();
listen();
