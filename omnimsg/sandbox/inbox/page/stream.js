// Listen to the sandbox; the browser connects again by itself.

import { address, get } from "./api.js";
import { apply } from "./loader.js";
import { state, tell } from "./state.js";
import { toast } from "./toast.js";

// An event source does not say why it was refused; another question does.
async function explain() {
  try {
    await get("about");
    toast("The sandbox takes no further page: close another one.", { error: true });
  } catch (error) {
    if (error.status) toast(error.message, { error: true });
  }
}

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
    if (source.readyState === EventSource.CLOSED) {
      explain();
      setTimeout(listen, 10_000);
    }
  });
  source.addEventListener("message", (event) => apply(JSON.parse(event.data)));
}
