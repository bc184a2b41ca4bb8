// What the pages' scripts find in a browser, as far as they need it without a page; for `node --import`.

import { readFileSync } from "node:fs";
import { register } from "node:module";

register(new URL("./packages.mjs", import.meta.url));

const WEB = new URL("../../../api/web/", import.meta.url);

/** As a browser keeps texts. */
function storage() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, String(value)),
    removeItem: (key) => kept.delete(key),
  };
}

/** The service, which has the texts and nothing else. */
async function fetch(path) {
  const file = new URL(path.replace(/^\/pages\//, ""), WEB);
  return new Response(readFileSync(file), { headers: { "Content-Type": "application/json" } });
}

const page = new EventTarget();
const document = Object.assign(new EventTarget(), {
  cookie: "dispatch_csrf=token",
  documentElement: {},
  visibilityState: "visible",
  querySelectorAll: () => [],
});
const given = {
  document,
  fetch,
  localStorage: storage(),
  sessionStorage: storage(),
  navigator: { languages: ["en-GB"], userAgent: "" },
  addEventListener: page.addEventListener.bind(page),
  dispatchEvent: page.dispatchEvent.bind(page),
  // One tab is enough, and an open channel would keep the process from ending.
  BroadcastChannel: undefined,
};
for (const [name, value] of Object.entries(given)) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
}
delete globalThis.BroadcastChannel;
