/**
 * Reports on their way to the service: kept on the phone first, sent in order, each exactly once.
 *
 * A report has an id made here, so that sending it again does no harm when its answer was lost. All
 * tabs of the page share the queue and take turns. What the service refuses is put aside with the
 * reason and keeps nobody waiting.
 *
 * A kept report is `{number, technician_id, body, title, place, made_at, state, attempts}`; `state` is
 * `waiting`, `sent` (until the day that was read again shows it) or `refused` (with `faults`).
 */

import { request } from "./service.js";
import { keep, keepValue, read, readAll, remove } from "./store.js";

/** So long a report can be taken back before it is sent. */
export const GRACE = 5_000;
const LOCK = "my-day-reports";
const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 300_000;
/** After so many failures of the service with one report, the others come first. */
const MOST_FAILURES = 5;

export class Outbox extends EventTarget {
  #technician = null;
  #timer = null;
  #wait = FIRST_WAIT;
  #sending = null;
  #again = false;
  #isUrgent = false;
  /** Whether a report is on its way this moment. */
  isBusy = false;
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(LOCK) : null;

  /** `connection` is told `{status}` of every attempt. */
  constructor(connection) {
    super();
    this.connection = connection;
    this.#channel?.addEventListener("message", () => this.#tell(false));
    globalThis.addEventListener("online", () => this.flush());
    document.addEventListener("visibilitychange", () => this.flush(document.visibilityState === "hidden"));
    globalThis.addEventListener("pagehide", () => this.flush(true));
  }

  /** Send this technician's reports from now on; null: nobody's. */
  use(technicianId) {
    this.#technician = technicianId;
    return this.flush();
  }

  /** Keep a report of what happened `at`, and send it soon. Returns its number. */
  async add(content, { at = new Date(), title, place }) {
    const body = { id: newId(), at: at.toISOString(), ...content };
    const row = { technician_id: this.#technician, body, title, place, made_at: Date.now(), state: "waiting", attempts: 0 };
    const number = await keep("reports", row);
    this.#tell();
    this.#later(GRACE + 50);
    return number;
  }

  /** This technician's reports, in the order in which they were made. */
  async reports() {
    return (await readAll("reports")).filter((row) => row.technician_id === this.#technician);
  }

  /** How many reports of others wait on this phone until they sign in. */
  async othersWaiting() {
    return (await readAll("reports")).filter((row) => row.technician_id !== this.#technician && row.state === "waiting").length;
  }

  /** Take back what was not sent yet, or give up what was refused; false if it was too late. */
  async withdraw(number) {
    const isGone = await exclusively(async () => {
      const row = await read("reports", number);
      if (!row || row.state === "sent") return false;
      await remove("reports", number);
      return true;
    });
    this.#tell();
    return isGone;
  }

  /** Send once more what was refused; by a clock that was ahead, it has happened by now. */
  async retry(number) {
    const row = await read("reports", number);
    if (row?.state === "refused") {
      const at = new Date(Math.min(Date.parse(row.body.at), Date.now())).toISOString();
      await keep("reports", { ...row, body: { ...row.body, at }, state: "waiting", faults: undefined, attempts: 0, made_at: 0 });
    }
    this.#tell();
    return this.flush();
  }

  /** A day that was asked for at this moment shows what had been sent before. */
  async confirm(askedAt) {
    const shown = (await this.reports()).filter((row) => row.state === "sent" && row.sent_at <= askedAt);
    for (const row of shown) await remove("reports", row.number);
    if (shown.length) this.#tell();
  }

  /** Send what waits; `isUrgent`: also what could still be taken back. */
  async flush(isUrgent = false) {
    clearTimeout(this.#timer);
    this.#again = true;
    this.#isUrgent ||= isUrgent;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #sendAll() {
    while (this.#again && this.#technician) {
      this.#again = false;
      await exclusively(async () => {
        let row;
        while ((row = await this.#next())) {
          if (!(await this.#send(row))) break;
        }
      });
      this.#isUrgent = false;
    }
  }

  async #next() {
    const waiting = (await this.reports()).filter((row) => row.state === "waiting");
    const next = waiting.sort((one, other) => rank(one) - rank(other) || one.number - other.number)[0];
    const left = next ? next.made_at + GRACE - Date.now() : 0;
    if (next && left > 0 && !this.#isUrgent) {
      this.#later(left + 50);
      return null;
    }
    return next;
  }

  /** Whether the next one may follow. */
  async #send(row) {
    this.isBusy = true;
    this.#tell(false);
    const path = `/technicians/${encodeURIComponent(row.technician_id)}/reports`;
    const answer = await request("POST", path, { body: row.body, keepalive: this.#isUrgent });
    this.isBusy = false;
    this.connection(answer.status);
    const outcome = outcomeOf(answer);
    if (outcome === "taken") {
      this.#wait = FIRST_WAIT;
      await keep("reports", { ...row, state: "sent", sent_at: Date.now() });
      await keepValue("last_sent_at", Date.now());
    } else if (outcome === "refused") {
      await keep("reports", { ...row, state: "refused", faults: answer.body?.faults ?? [] });
    } else if (outcome === "failed") {
      await keep("reports", { ...row, attempts: row.attempts + 1 });
    }
    this.#tell();
    // Somebody else may have signed in, or a cookie is gone: who it is has to be asked again.
    if (outcome === "forbidden") this.dispatchEvent(new Event("forbidden"));
    if (outcome === "away" || outcome === "failed" || outcome === "forbidden") this.#backOff(answer.retryAfter);
    return outcome === "taken" || outcome === "refused";
  }

  #backOff(retryAfter) {
    const least = retryAfter ? retryAfter * 1_000 : this.#wait;
    this.#later(least * (1 + Math.random() / 4));
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
  }

  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  #tell(others = true) {
    this.dispatchEvent(new Event("change"));
    if (others) this.#channel?.postMessage("change");
  }
}

const rank = (row) => (row.attempts >= MOST_FAILURES ? 1 : 0);

function outcomeOf({ status, body }) {
  if (status === 200 || status === 201) return "taken";
  if (status === 0 || status === 429 || status === 503) return "away";
  if (status === 401) return "signed_out";
  if (status === 403) return "forbidden";
  // Two requests at the same moment clash without a fault of either's.
  if (status >= 500 || status === 408 || (status === 409 && !body?.faults?.length)) return "failed";
  return "refused";
}

/** One tab at a time; where the browser has no locks, the service sees to each id once. */
function exclusively(work) {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
