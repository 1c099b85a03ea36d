// What a phone does: it answers, taps, and sends pictures and places.

import { post } from "./api.js";
import { state } from "./state.js";
import { toast } from "./toast.js";

// Some forms are not documented; the sandbox sends an invented one only to whoever asks for it.
const isGuess = (error) => error.message.includes('"guess": true');

export async function reply(document) {
  try {
    const sent = await post("inbound", document);
    if (sent.provider && !sent.sent_to) {
      toast("Sent, but nobody was called: callbacks have no address.", { action: { label: "Set one", run: () => { location.hash = "#/callbacks"; } }, seconds: 7 });
    }
    return true;
  } catch (error) {
    const again = isGuess(error) ? { label: "Send it anyway", run: () => reply({ ...document, guess: true }) } : null;
    toast(error.message, { error: true, action: again });
    return false;
  }
}

export const tap = (message, block) =>
  reply({
    from: state.phone.number,
    provider: message.provider,
    channel: message.channel,
    button: { label: block.label, ...(block.payload === null ? {} : { payload: block.payload }), reply_to: message.id },
  });
