// What the page knows, and who is told when it changes.

export const state = {
  about: null,
  era: null,
  live: null,
  search: "",
  phones: [],
  phoneCount: null, // not known yet
  phone: null, // the open conversation
  limit: 200,
  exchanges: { count: 0, refused: 0, latest_refused: 0, exchanges: [] },
  onlyRefused: false,
  exchange: null, // the open request
  faults: [],
  callbacks: null,
  route: { view: "phones", number: null, entry: null, exchange: null },
};

const listeners = new Map();

export function on(topic, listener) {
  listeners.set(topic, [...(listeners.get(topic) ?? []), listener]);
}

export function tell(...topics) {
  for (const topic of topics) for (const listener of listeners.get(topic) ?? []) listener();
}
