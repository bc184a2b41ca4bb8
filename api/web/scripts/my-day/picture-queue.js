/**
 * Photos and signatures on their way: kept on the phone first, sent when no report waits any more. A
 * report that is made meanwhile goes first: what is being sent then is given up, and begun anew.
 */

import { newId } from "./outbox.js";
import { deliverPictures, PICTURES } from "./picture-delivery.js";
import { keepPicture, readPictures, removePicture } from "./picture-store.js";

const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 300_000;
/** So long after it was taken, what has arrived is let go of. */
const KEPT_FOR = 2 * 86_400_000;

export class PictureQueue extends EventTarget {
  /** @type {Promise<void> | null} */
  #sending = null;
  /** @type {AbortController | null} */
  #upload = null;
  #timer = 0;
  #wait = FIRST_WAIT;
  /** @type {OnPhone.Sender | null} */
  #sender = null;
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(PICTURES) : null;

  /** @param {import("./outbox.js").Outbox} outbox */
  constructor(outbox) {
    super();
    this.outbox = outbox;
    outbox.addEventListener("change", () => {
      if (outbox.isBusy) this.#upload?.abort();
      else this.flush();
    });
    this.#channel?.addEventListener("message", () => this.#tell(false));
    globalThis.addEventListener("online", () => this.flush());
  }

  /**
   * Send what this sender has taken from now on; null: nobody's.
   *
   * @param {OnPhone.Sender | null} sender
   */
  async use(sender) {
    this.#sender = sender;
    for (const row of await this.mine()) {
      if (row.state === "sent" && Date.now() - row.taken_at > KEPT_FOR) await removePicture(row.id);
    }
    this.#tell(false);
    return this.flush();
  }

  /** Those of this technician, in the order in which they were taken. */
  async mine() {
    return (await readPictures()).filter((row) => row.technician_id === this.#sender?.technician_id);
  }

  /**
   * Keep a picture, and send it soon. Returns its id.
   *
   * @param {string} jobId
   * @param {OnPhone.Picture["kind"]} kind
   * @param {Blob} file
   */
  async add(jobId, kind, file) {
    if (!this.#sender?.technician_id) throw new Error("nobody is known whose picture it is");
    /** @type {OnPhone.Picture} */
    const row = {
      id: newId(),
      technician_id: this.#sender.technician_id,
      job_id: jobId,
      kind,
      // Not the file itself: some browsers lose what it refers to.
      content: await file.arrayBuffer(),
      media_type: file.type,
      taken_at: Date.now(),
      state: "waiting",
      attempts: 0,
    };
    await keepPicture(row);
    this.#tell();
    this.outbox.haveSentLater();
    this.flush();
    return row.id;
  }

  /**
   * Let go of one that was not sent, or was refused.
   *
   * @param {string} id
   */
  async drop(id) {
    await removePicture(id);
    this.#tell();
  }

  /**
   * Send once more what was refused.
   *
   * @param {OnPhone.Picture} row
   */
  async retry(row) {
    await keepPicture({ ...row, state: "waiting", attempts: 0, faults: [] });
    this.#tell();
    return this.flush();
  }

  /** Send what waits, unless reports do. */
  async flush() {
    clearTimeout(this.#timer);
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #send() {
    if (!this.#sender || (await this.outbox.reports()).some((row) => row.state === "waiting")) return;
    this.#upload = new AbortController();
    const outcome = await deliverPictures(this.#sender, {
      signal: this.#upload.signal,
      answered: (status) => {
        this.outbox.connection(status);
        this.#wait = FIRST_WAIT;
        this.#tell();
      },
    });
    this.#upload = null;
    if (outcome === "forbidden") this.outbox.dispatchEvent(new Event("forbidden"));
    if (outcome === "done" || outcome === "signed_out") return;
    this.#timer = setTimeout(() => this.flush(), this.#wait);
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
  }

  #tell(others = true) {
    this.dispatchEvent(new Event("change"));
    if (others) this.#channel?.postMessage("change");
  }
}
