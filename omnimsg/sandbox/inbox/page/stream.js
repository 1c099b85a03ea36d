// Listen to the sandbox; the browser connects again by itself.

import { address } from "./api.js";
import { apply } from "./loader.js";
import { state, tell } from "./state.js";

export function listen() {
  const source = new EventSource(address("events"));
  source.addEventListener("open", () => {
    state.live = true;
    tell("live");
  });
  source.addEventListener("error", () => {
    state.live = false;
    tell("live");
    // A refusal ends a stream for good, a lost connection does not.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
  source.addEventListener("message", (event) => apply(JSON.parse(event.data)));
}
