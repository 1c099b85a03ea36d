// Ask the sandbox, and tell it what to do. Every address is the sandbox's own.

const BASE = new URL("../", import.meta.url);

export const address = (path) => new URL(path, BASE).href;
export const mediaAddress = (provider, id) => address(`media/${encodeURIComponent(provider)}/${encodeURIComponent(id)}`);
export const mailAddress = (provider, id) => address(`mail/${encodeURIComponent(provider)}/${encodeURIComponent(id)}`);

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function ask(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  const response = await fetch(address(path), options);
  const text = await response.text();
  let document = {};
  try {
    document = text ? JSON.parse(text) : {};
  } catch {
    document = { error: text };
  }
  if (!response.ok) throw new Refused(response.status, document.error ?? `HTTP ${response.status}`);
  return document;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);
export const put = (path, body) => ask("PUT", path, body);
export const remove = (path) => ask("DELETE", path);
