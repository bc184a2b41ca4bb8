/**
 * In the service worker: sending what waits when the browser says that there is a connection again,
 * be the page open or closed. Browsers without this (`SyncManager`) never say so.
 */

import { deliver, NAME } from "./delivery.js";
import { deliverPictures, PICTURES } from "./picture-delivery.js";
import { readValue } from "./store.js";

const channel = new BroadcastChannel(NAME);
const pictures = new BroadcastChannel(PICTURES);

const worker = /** @type {OnWorker.Scope} */ (/** @type {unknown} */ (self));

worker.addEventListener("sync", (event) => {
  if (event.tag === NAME) event.waitUntil(sendAll());
});

/** Raises an error where it is worth being woken once more; who has to sign in again opens the page first. */
async function sendAll() {
  for (;;) {
    const sender = await readValue("session");
    if (!sender) return;
    const { outcome, wait } = await deliver(sender, { answered: () => channel.postMessage("change") });
    if (outcome === "away" || outcome === "failed") throw new Error(`Reports wait: ${outcome}`);
    if (outcome === "done") {
      const sent = await deliverPictures(sender, { answered: () => pictures.postMessage("change") });
      if (sent === "away" || sent === "failed") throw new Error(`Pictures wait: ${sent}`);
    }
    if (outcome !== "early") return;
    await new Promise((done) => {
      setTimeout(done, wait ?? 0);
    });
  }
}
