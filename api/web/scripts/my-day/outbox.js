/**
 * Reports on their way to the service: kept on the phone first, sent in order, each exactly once.
 *
 * A report has an id made here, so that sending it again does no harm when its answer was lost. All
 * tabs of the page share the queue and take turns. What the service refuses is put aside with the
 * reason and keeps nobody waiting.
 *
 * A kept report is `{number, technician_id, body, title, place, made_at, state, attempts}`; `state` is
 * `waiting`, `sent` (until the day that was read again shows it) or `refused` (with `faults`). What
 * was taken into the van goes the same way (`what` is `transfer`), until the van shows it.
 */

import { deliver, exclusively, GRACE, NAME } from "./delivery.js";
import { keep, read, readAll, remove } from "./store.js";

const FIRST_WAIT = 2_000;
const LONGEST_WAIT = 300_000;
/** A report can be taken back until then; the timer may be a little early. */
const AFTER_GRACE = 50;

export class Outbox extends EventTarget {
  /** @type {OnPhone.Sender | null} */
  #sender = null;
  #timer = 0;
  #wait = FIRST_WAIT;
  /** @type {Promise<void> | null} */
  #sending = null;
  #again = false;
  #isUrgent = false;
  /** Whether a report is on its way this moment. */
  isBusy = false;
  /** Whether the browser sees to it that what waits is sent when the page is closed. */
  goesByItself = false;
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;

  /**
   * `connection` is told `{status}` of every attempt.
   *
   * @param {(status: number) => void} connection
   */
  constructor(connection) {
    super();
    this.connection = connection;
    this.#channel?.addEventListener("message", () => this.#tell(false));
    globalThis.addEventListener("online", () => this.flush());
    document.addEventListener("visibilitychange", () => this.flush(document.visibilityState === "hidden"));
    globalThis.addEventListener("pagehide", () => this.flush(true));
  }

  /**
   * Send reports as this sender (see delivery.js) from now on; null: nobody's.
   *
   * @param {OnPhone.Sender | null} sender
   */
  async use(sender) {
    this.#sender = sender;
    if ((await this.reports()).some((row) => row.state === "waiting")) this.haveSentLater();
    await this.flush();
  }

  /**
   * Keep a report of what happened `at`, and send it soon. Returns its number.
   *
   * @param {Omit<Api.NewReport, "id" | "at">} content
   * @param {{ at?: Date, title: string, place: string | null }} about
   */
  async add(content, { at = new Date(), title, place }) {
    const body = { id: newId(), at: at.toISOString(), ...content };
    return this.#add({ technician_id: this.#whose(), body, title, place, made_at: Date.now(), state: "waiting", attempts: 0 });
  }

  /**
   * Keep what was just taken into the van, and send it soon. Returns its number.
   *
   * @param {Omit<Api.NewStockTransfer, "id" | "at">} content
   * @param {{ title: string, place: string | null }} about
   */
  async addTransfer(content, { title, place }) {
    const body = { id: newId(), at: new Date().toISOString(), ...content };
    const about = { title, place, made_at: Date.now() };
    return this.#add({ what: "transfer", technician_id: this.#whose(), body, ...about, state: "waiting", attempts: 0 });
  }

  #whose() {
    if (!this.#sender?.technician_id) throw new Error("nobody is known whose report it is");
    return this.#sender.technician_id;
  }

  /** @param {OnPhone.NewRow} row */
  async #add(row) {
    const number = await keep("reports", row);
    this.#tell();
    this.#later(GRACE + AFTER_GRACE);
    this.haveSentLater();
    return number;
  }

  /** This technician's reports, in the order in which they were made. */
  async reports() {
    return (await readAll("reports")).filter((row) => row.technician_id === this.#sender?.technician_id);
  }

  /** How many reports of others wait on this phone until they sign in. */
  async othersWaiting() {
    return (await readAll("reports")).filter((row) => row.technician_id !== this.#sender?.technician_id && row.state === "waiting").length;
  }

  /**
   * Take back what was not sent yet, or give up what was refused; false if it was too late.
   *
   * @param {number} number
   */
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

  /**
   * Send once more what was refused; by a clock that was ahead, it has happened by now.
   *
   * @param {number} number
   */
  async retry(number) {
    const row = await read("reports", number);
    if (row?.state === "refused") {
      const at = new Date(Math.min(Date.parse(row.body.at), Date.now())).toISOString();
      /** @type {Pick<OnPhone.Report, "state" | "faults" | "attempts" | "made_at">} */
      const anew = { state: "waiting", faults: [], attempts: 0, made_at: 0 };
      if (row.what === "transfer") await keep("reports", { ...row, body: { ...row.body, at }, ...anew });
      else await keep("reports", { ...row, body: { ...row.body, at }, ...anew });
    }
    this.#tell();
    return this.flush();
  }

  /**
   * A day that was asked for at this moment shows what had been reported before, and the van what had
   * been taken (`what` is `transfer`).
   *
   * @param {number} askedAt
   * @param {"transfer"} [what]
   */
  async confirm(askedAt, what) {
    const shown = (await this.reports()).filter((row) => row.what === what && row.state === "sent" && (row.sent_at ?? 0) <= askedAt);
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
    while (this.#again && this.#sender) {
      this.#again = false;
      const { outcome, wait } = await deliver(this.#sender, {
        isUrgent: () => this.#isUrgent,
        sending: () => this.#note(true),
        answered: (status, outcome) => {
          if (outcome === "taken") this.#wait = FIRST_WAIT;
          this.connection(status);
          this.#note(false);
        },
      });
      this.#isUrgent = false;
      if (outcome === "early") this.#later((wait ?? 0) + AFTER_GRACE);
      // Somebody else may have signed in, or a cookie is gone: who it is has to be asked again.
      if (outcome === "forbidden") this.dispatchEvent(new Event("forbidden"));
      if (outcome === "away" || outcome === "failed" || outcome === "forbidden") this.#backOff(wait);
    }
  }

  /** @param {boolean} isBusy */
  #note(isBusy) {
    this.isBusy = isBusy;
    this.#tell(!isBusy);
  }

  /** Ask the browser to wake the service worker (sync.js) once there is a connection. */
  async haveSentLater() {
    const registration = await navigator.serviceWorker?.getRegistration("/my-day");
    const asked = await registration?.sync?.register(NAME).then(
      () => true,
      () => false,
    );
    this.goesByItself = asked ?? false;
    this.#tell(false);
  }

  /** @param {number | null} asked */
  #backOff(asked) {
    const least = asked ?? this.#wait;
    this.#later(least * (1 + Math.random() / 4));
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
  }

  /** @param {number} wait */
  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  #tell(others = true) {
    this.dispatchEvent(new Event("change"));
    if (others) this.#channel?.postMessage("change");
  }
}

/** One that nothing else has. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
