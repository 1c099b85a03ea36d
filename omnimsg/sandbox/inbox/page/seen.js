// Which messages were looked at: per phone how many it had. Kept for this browser tab and sandbox.

import { state } from "./state.js";

const KEY = "omnimsg-seen";
let seen = new Map();
try {
  seen = new Map(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
} catch {
  seen = new Map();
}

function keep() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...seen].slice(-5000)));
  } catch {
    // A browser that keeps nothing shows more as unread, and no less.
  }
}

export const unread = (phone) => Math.max(0, phone.total - (seen.get(phone.number) ?? 0));

export function markSeen(phone) {
  if (document.hidden || seen.get(phone.number) === phone.total) return false;
  seen.set(phone.number, phone.total);
  keep();
  return true;
}

// A sandbox that was started anew counts from the beginning.
export function forgetGone() {
  for (const phone of state.phones) if ((seen.get(phone.number) ?? 0) > phone.total) seen.delete(phone.number);
}

export function forgetSeen() {
  seen.clear();
  keep();
}

// The requests that were refused since the list of requests was last looked at.
export const refusedSince = () => state.exchanges.latest_refused > (seen.get(" requests") ?? 0);

export function markRequestsSeen() {
  seen.set(" requests", state.exchanges.latest_refused);
  keep();
}
