/** What the technician reports, ticks off and takes note of. */

import { byId } from "../dom.js";
import { text } from "../texts.js";
import { keptDay, lookAt } from "./days.js";
import { GRACE } from "./delivery.js";
import { keepTicks } from "./load.js";
import { Toast } from "./notices.js";
import { Outbox } from "./outbox.js";
import { openPartPlaces } from "./part-places.js";
import { PictureQueue } from "./picture-queue.js";
import { mountPictures } from "./pictures.js";
import { askForEnd } from "./report-form.js";
import { changed, noteConnection, state } from "./state.js";
import { keepForGood, readValue } from "./store.js";

/** A second tap within this time is a slip. */
const BETWEEN_TAPS = 900;

export const outbox = new Outbox(noteConnection);
export const pictures = new PictureQueue(outbox);
const toast = new Toast(byId("toast"));

/** @type {OnPhone.Deeds} */
export const deeds = { report, tick, seen, find, retry: (number) => outbox.retry(number), drop: (number) => outbox.withdraw(number) };

/**
 * Pictures are taken, kept and sent for this technician from now on.
 *
 * @param {OnPhone.Session} session
 */
export function takePictures(session) {
  mountPictures(pictures, {
    told: (shown) => {
      state.pictures = shown;
      changed();
    },
    toast: (words) => toast.show(words),
  });
  pictures.use(session).catch(console.error);
}

/** Show how far reports have got. */
export async function showReports() {
  if (!state.isReadOnly) {
    const { iso } = state;
    const [reports, others, lastSentAt] = [await outbox.reports(), await outbox.othersWaiting(), await readValue("last_sent_at")];
    // After the reports: those that are gone are in the day by now, which another tab may have read.
    const kept = await keptDay(state.technicianId, iso);
    Object.assign(state, { reports, others, lastSentAt: lastSentAt ?? null }, iso === state.iso && kept ? { kept } : {});
  }
  Object.assign(state, { isBusy: outbox.isBusy, goesByItself: outbox.goesByItself });
  changed();
}

/**
 * @param {Api.ReportKind} kind
 * @param {Api.RouteStop} stop
 */
async function report(kind, stop) {
  const { job_id: jobId } = stop;
  if ("resting" in document.body.dataset || jobId === null) return;
  rest();
  const about = { title: stop.title, place: stop.name };
  let number;
  /** @type {string | null} */
  let signatureId = null;
  if (kind === "en_route" || kind === "on_site") {
    number = await add({ kind, job_id: jobId }, about);
  } else {
    const others = (state.kept?.day.routes ?? []).flatMap((route) => [...route.load_parts, ...route.stops.flatMap((one) => one.parts)]);
    const given = await askForEnd(kind, { ...stop, job_id: jobId }, others, state.session?.account_id ?? "");
    rest();
    if (!given) return;
    number = await add(given.content, { ...about, at: given.at });
    if (number !== null && given.signature) signatureId = await keepSignature(jobId, given.signature);
    scrollTo({ top: 0 });
  }
  if (number === null) return;
  keepForGood();
  const made = number;
  toast.show(text(`toast.${kind}`, { place: stop.name ?? stop.title }), { seconds: GRACE / 1_000, undo: () => undo(made, signatureId) });
}

/**
 * The report's number; null if the phone could not keep it, which is said.
 *
 * @param {Omit<Api.NewReport, "id" | "at">} content
 * @param {{ at?: Date, title: string, place: string | null }} about
 */
async function add(content, about) {
  try {
    return await outbox.add(content, about);
  } catch (error) {
    console.error(error);
    toast.show(text("toast.not_kept"));
    return null;
  }
}

/** Take no further tap for a moment. */
function rest() {
  document.body.dataset.resting = "";
  setTimeout(() => delete document.body.dataset.resting, BETWEEN_TAPS);
}

/**
 * @param {string} jobId
 * @param {Blob} signature
 */
async function keepSignature(jobId, signature) {
  try {
    return await pictures.add(jobId, "signature", signature);
  } catch (error) {
    console.error(error);
    toast.show(text("pictures.not_kept"));
    return null;
  }
}

/**
 * @param {number} number
 * @param {string | null} signatureId what was signed with it
 */
async function undo(number, signatureId) {
  const isUndone = await outbox.withdraw(number);
  if (isUndone && signatureId) await pictures.drop(signatureId);
  toast.show(text(isUndone ? "toast.undone" : "toast.too_late"));
}

/**
 * @param {string} key
 * @param {boolean} isTicked
 */
async function tick(key, isTicked) {
  if (isTicked) state.ticks.add(key);
  else state.ticks.delete(key);
  await keepTicks(state.technicianId, state.iso, state.ticks);
  changed();
}

/** @param {Api.PartOut | null} part */
function find(part) {
  const stops = (state.kept?.day.routes ?? []).flatMap((route) => route.stops);
  openPartPlaces({
    technicianId: state.technicianId,
    part,
    onPhone: [...(state.van?.content.parts ?? []), ...stops.flatMap((stop) => stop.parts)],
    keeps: !state.isReadOnly,
    take: state.isReadOnly ? null : take,
  });
}

/** @param {import("./part-taking.js").Taken} taken */
async function take({ content, title, place }) {
  try {
    const number = await outbox.addTransfer(content, { title, place });
    keepForGood();
    toast.show(text("toast.taken", { part: title, source: place }), { seconds: GRACE / 1_000, undo: () => undo(number, null) });
  } catch (error) {
    console.error(error);
    toast.show(text("toast.not_kept"));
  }
}

async function seen() {
  if (!state.kept) return;
  state.kept = await lookAt(state.technicianId, state.iso, state.kept.day);
  changed();
}
