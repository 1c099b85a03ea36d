// Fetch what is shown, again whenever the sandbox says that it has changed.

import { get } from "./api.js";
import { forgetSeen } from "./seen.js";
import { state, tell } from "./state.js";

// One request at a time for each thing; a change meanwhile is followed by one more.
function loader(load) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await load();
      } while (again);
    } catch {
      // The stream notices that the sandbox is gone, and everything is loaded when it is back.
    } finally {
      running = false;
    }
  };
}

export const loadPhones = loader(async () => {
  const search = encodeURIComponent(state.search);
  const found = await get(`phones?limit=200${search ? `&search=${search}` : ""}`);
  state.phones = found.phones;
  state.phoneCount = found.count;
  tell("phones");
});

export const loadPhone = loader(async () => {
  const number = state.route.number;
  let found = null;
  if (number) {
    try {
      found = await get(`phones/${encodeURIComponent(number)}?limit=${state.limit}`);
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }
  if (number !== state.route.number) return loadPhone();
  state.phone = found;
  tell("phone");
});

export const loadExchanges = loader(async () => {
  state.exchanges = await get(`exchanges?limit=200${state.onlyRefused ? "&refused=1" : ""}`);
  tell("exchanges");
});

export const loadExchange = loader(async () => {
  const id = state.route.exchange;
  let found = null;
  if (id) {
    try {
      found = await get(`exchanges/${id}`);
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }
  state.exchange = found;
  tell("exchange");
});

export const loadFaults = loader(async () => {
  state.faults = (await get("faults")).faults;
  tell("faults");
});

export const loadCallbacks = loader(async () => {
  state.callbacks = await get("callbacks");
  tell("callbacks");
});

export async function loadAbout() {
  state.about = await get("about");
  tell("about");
}

export async function apply(change) {
  if (state.era !== change.era) {
    if (state.era !== null) forgetSeen();
    state.era = change.era;
    await loadAbout().catch(() => {});
  }
  const open = state.route.number;
  if (change.all || change.phones.length) loadPhones();
  if (open && (change.all || change.callbacks || change.phones.includes(open))) loadPhone();
  if (change.requests) {
    loadExchanges();
    if (state.exchange?.status === null) loadExchange();
  }
  if (change.faults) loadFaults();
  if (change.callbacks) loadCallbacks();
}
