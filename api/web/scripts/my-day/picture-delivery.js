/**
 * Sending the pictures that wait, one after the other and each once, after the reports. The page does it
 * while it is open, the service worker when the browser wakes it, never both at the same time.
 */

import { picturesOf } from "../pictures.js";
import { faultsOf, MOST_FAILURES, outcomeOf } from "./delivery.js";
import { keepPicture, readPictures } from "./picture-store.js";
import { upload } from "./service.js";

/** Name of the lock, and of the channel on which changes are told. */
export const PICTURES = "my-day-pictures";

/**
 * Send until nothing waits, or something is in the way; returns `done`, `given_up` (by the signal), or
 * what became of the last one. A picture with which the service failed often lets the others go first.
 *
 * @param {OnPhone.Sender} sender
 * @param {{ signal?: AbortSignal, answered?: (status: number) => void }} [options]
 * @returns {Promise<OnPhone.Outcome | "done" | "given_up">}
 */
export function deliverPictures(sender, { signal, answered = () => {} } = {}) {
  return alone(async () => {
    for (;;) {
      const row = await nextOf(sender.technician_id);
      if (!row) return "done";
      if (signal?.aborted) return "given_up";
      const { outcome, status } = await send(row, sender, signal);
      if (signal?.aborted && status === 0) return "given_up";
      answered(status);
      if (outcome !== "taken" && outcome !== "refused") return outcome;
    }
  });
}

/**
 * @template Answer
 * @param {() => Promise<Answer>} work
 * @returns {Promise<Answer>}
 */
function alone(work) {
  return navigator.locks ? navigator.locks.request(PICTURES, work) : work();
}

/** @param {string | null} technicianId */
async function nextOf(technicianId) {
  const waiting = (await readPictures()).filter((row) => row.technician_id === technicianId && row.state === "waiting");
  return waiting.find((row) => row.attempts < MOST_FAILURES) ?? waiting[0];
}

/**
 * @param {OnPhone.Picture} row
 * @param {OnPhone.Sender} sender
 * @param {AbortSignal} [signal]
 */
async function send(row, sender, signal) {
  const takenAt = encodeURIComponent(new Date(row.taken_at).toISOString());
  const path = `${picturesOf(row.job_id)}?kind=${row.kind}&id=${row.id}&taken_at=${takenAt}`;
  const answer = await upload(path, { content: row.content, mediaType: row.media_type, token: sender.csrf_token, signal });
  const outcome = outcomeOf(answer);
  const isGivenUp = outcome === "forbidden" && row.attempts + 1 >= MOST_FAILURES;
  if (outcome === "taken") await keepPicture({ ...row, state: "sent" });
  else if (outcome === "refused" || isGivenUp) await keepPicture({ ...row, state: "refused", faults: faultsOf(answer.body) });
  else if (outcome === "failed" || outcome === "forbidden") await keepPicture({ ...row, attempts: row.attempts + 1 });
  return { outcome, status: answer.status };
}
