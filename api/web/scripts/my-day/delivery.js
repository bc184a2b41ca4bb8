/**
 * Sending the reports that wait, and what was taken into the van, in order and each once. The page does it while it is open, the
 * service worker when the browser wakes it, never both at the same time.
 *
 * A sender is `{technician_id, csrf_token}`: whose reports go out, and the token that belongs to the
 * session that was found to be that technician's. When somebody else has signed in on the same phone
 * meanwhile, the service finds the token to be of another session, and takes nothing.
 */

import { request } from "./service.js";
import { keep, keepValue, readAll } from "./store.js";

/** Name of the lock, of the channel on which changes are told, and of the event that wakes the worker. */
export const NAME = "my-day-reports";
/** So long a report can be taken back before it is sent. */
export const GRACE = 5_000;
/** After so many failures of the service with one report, the others come first. */
export const MOST_FAILURES = 5;

/**
 * One tab or worker at a time; where the browser has no locks, the service sees to each id once.
 *
 * @template Answer
 * @param {() => Promise<Answer>} work
 * @returns {Promise<Answer>}
 */
export function exclusively(work) {
  return navigator.locks ? navigator.locks.request(NAME, work) : work();
}

/**
 * Send what waits until nothing is due, or something is in the way. `sending()` is told before each
 * report, `answered(status, outcome)` after it, once what became of it is kept; `isUrgent()`: whether
 * what could still be taken back goes out too.
 *
 * Returns `{outcome, wait}`: `done`; `early` (what comes next can be taken back, for `wait`
 * milliseconds); or the last answer: `away`, `failed`, `signed_out`, `forbidden` (`wait`: what the
 * service asks for, if it does).
 *
 * @param {OnPhone.Sender} sender
 * @param {{ isUrgent?: () => boolean, sending?: () => void, answered?: (status: number, outcome: OnPhone.Outcome) => void }} [options]
 * @returns {Promise<{ outcome: OnPhone.Outcome | "done" | "early", wait: number | null }>}
 */
export function deliver(sender, { isUrgent = () => false, sending = () => {}, answered = () => {} } = {}) {
  return exclusively(async () => {
    for (;;) {
      const row = await nextOf(sender.technician_id);
      if (!row) return { outcome: "done", wait: null };
      const age = Date.now() - row.made_at;
      // Who has set the clock back meanwhile waits for nothing.
      if (0 <= age && age < GRACE && !isUrgent()) return { outcome: "early", wait: GRACE - age };
      sending();
      const { outcome, status, wait } = await send(row, sender, isUrgent());
      answered(status, outcome);
      if (outcome !== "taken" && outcome !== "refused") return { outcome, wait };
    }
  });
}

/** @param {string | null} technicianId */
async function nextOf(technicianId) {
  const waiting = (await readAll("reports")).filter((row) => row.technician_id === technicianId && row.state === "waiting");
  return waiting.sort((one, other) => rank(one) - rank(other) || one.number - other.number)[0];
}

/** @param {OnPhone.Row<"reports">} row */
const rank = (row) => (row.attempts >= MOST_FAILURES ? 1 : 0);

/**
 * @param {OnPhone.Row<"reports">} row
 * @param {OnPhone.Sender} sender
 * @param {boolean} keepalive
 */
async function send(row, sender, keepalive) {
  const path = `/technicians/${encodeURIComponent(row.technician_id)}/${row.what === "transfer" ? "stock-transfers" : "reports"}`;
  const answer = await request("POST", path, { body: row.body, token: sender.csrf_token, keepalive });
  const outcome = outcomeOf(answer);
  if (outcome === "taken") {
    await keep("reports", { ...row, state: "sent", sent_at: Date.now() });
    await keepValue("last_sent_at", Date.now());
  } else if (outcome === "refused") {
    await keep("reports", { ...row, state: "refused", faults: faultsOf(answer.body) });
  } else if (outcome === "failed") {
    await keep("reports", { ...row, attempts: row.attempts + 1 });
  }
  return { outcome, status: answer.status, wait: answer.retryAfter ? answer.retryAfter * 1_000 : null };
}

/**
 * @param {{ status: number, body: unknown }} answer
 * @returns {OnPhone.Outcome}
 */
export function outcomeOf({ status, body }) {
  if (status === 200 || status === 201) return "taken";
  if (status === 0 || status === 429 || status === 503) return "away";
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  // Two requests at the same moment clash without a fault of either's.
  if (status >= 500 || status === 408 || (status === 409 && !faultsOf(body).length)) return "failed";
  return "refused";
}

/**
 * What the service finds wrong with a report.
 *
 * @param {unknown} body
 * @returns {Api.ProblemFault[]}
 */
export function faultsOf(body) {
  return /** @type {Partial<Api.Problem> | null} */ (body)?.faults ?? [];
}
