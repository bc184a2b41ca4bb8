/** What happens elsewhere: the service's events, and reading again what they concern. */

import { isThere } from "../dom.js";
import { get, Refused } from "../http.js";
import { text } from "../texts.js";
import { announce } from "../ui/announce.js";
import { readBoard, readTechnicians } from "./board-data.js";
import { board, connection, notify, setConnection, subscribe } from "./state.js";

/** What comes in quick succession is read once. */
const GATHER_MILLISECONDS = 120;
/** What is expected changes with the clock alone, and positions are no events. */
const REFRESH_MILLISECONDS = 60_000;
const AGAIN_MILLISECONDS = 3_000;

/** Types by what they mean to the board; those of alerts and runs go to whoever listens. */
const OF_JOBS = [
  "created",
  "changed",
  "cancelled",
  "placed",
  "scheduled",
  "unscheduled",
  "en_route",
  "on_site",
  "completed",
  "cannot_complete",
  "closed",
  "taken_off",
  "missed",
].map((action) => `job.${action}`);
const OF_EVERYTHING = ["job.imported", "job_link.put", "job_link.remove", "job_link.import", "feed.reset"];
/** @type {Record<string, string[]>} */
const OTHERS = {
  attachment: ["add", "remove"],
  alert: ["receive", "update", "clear", "acknowledge", "judge"],
  placement: ["ask", "placed", "no_place", "withdrawn"],
  dead_letter: ["receive", "settle"],
  plan: ["drafted", "discarded", "merged"],
  issue: ["changed"],
  run: ["requested", "queued_again", "cancelling", "cancelled", "finished", "failed", "progress"],
};

/** What is to be read; with neither technicians nor all of them, what waits without a technician. */
const waiting = { isWanted: false, technicianIds: /** @type {Set<string>} */ (new Set()), all: false };
/** @type {EventSource | null} */
let stream = null;
let wasCutOff = false;
/** @type {number | null} */
let timer = null;
/**
 * Settled when what is being read has been taken in; null while nothing is.
 *
 * @type {Promise<number> | null}
 */
let reading = null;
/** How many groups of requests of this window are not all answered yet. */
let unanswered = 0;

/** Watch from now on. Other parts hear events by `subscribe("event:alert", …)`, `event:run` and so on. */
export function watch() {
  const opened = new EventSource("/events");
  stream = opened;
  opened.addEventListener("open", () => {
    if (wasCutOff) wantAll();
    wasCutOff = false;
    setConnection(true);
  });
  opened.addEventListener("error", () => {
    if (connection.isLive) announce(text("live.cut_off"));
    wasCutOff = true;
    setConnection(false);
    if (opened.readyState === EventSource.CLOSED) setTimeout(watchAgain, AGAIN_MILLISECONDS);
  });
  /**
   * @param {string} type
   * @param {(event: Api.EventOut) => void} listener
   */
  const on = (type, listener) => opened.addEventListener(type, ({ data }) => data && listener(JSON.parse(data)));
  for (const type of OF_JOBS) on(type, concernsJob);
  for (const type of OF_EVERYTHING) on(type, wantAll);
  for (const type of ["absence.added", "absence.removed"]) on(type, concernsAbsence);
  on("technician.changed", (event) => want([event.entity_id]));
  for (const type of ["plan.published", "plan.accepted"]) on(type, concernsPlan);
  for (const [entity, actions] of Object.entries(OTHERS)) {
    for (const action of actions) on(`${entity}.${action}`, (event) => notify(`event:${entity}`, event));
  }
}

/** A stream that was refused does not say why: whoever was signed out has to come back first. */
async function watchAgain() {
  try {
    await get("/session", { quiet: true });
  } catch (error) {
    const { status, secondsToWait } = error instanceof Refused ? error : { status: 0, secondsToWait: 0 };
    if (status !== 401) setTimeout(watchAgain, secondsToWait * 1000 || AGAIN_MILLISECONDS);
    return;
  }
  watch();
}

/** Read everything anew now and then, while somebody looks, and when somebody is back. */
export function refreshRegularly() {
  setInterval(() => document.hidden || wantAll(), REFRESH_MILLISECONDS);
  subscribe("signed-in", () => {
    // One that is still open is that of a session that is over.
    stream?.close();
    wasCutOff = true;
    watch();
  });
}

/** @param {Api.EventOut} event */
function concernsJob(event) {
  notify("event:job", event);
  const ids = [board.placed.get(event.entity_id)?.technicianId, event.after?.technician_id];
  want(ids.filter(isThere));
}

/** @param {Api.EventOut} event */
function concernsPlan(event) {
  notify("event:plan", event);
  const ids = event.after?.technician_ids;
  if (ids) want(ids);
  else wantAll();
}

/** @param {Api.EventOut} event */
function concernsAbsence(event) {
  notify("event:absence", event);
  const id = event.after?.technician_id;
  if (id) want([id]);
  else wantAll();
}

function wantAll() {
  waiting.all = true;
  want([]);
}

/** @param {Iterable<string>} technicianIds */
function want(technicianIds) {
  for (const id of technicianIds) waiting.technicianIds.add(id);
  waiting.isWanted = true;
  readSoon();
}

function readSoon(delay = GATHER_MILLISECONDS) {
  if (waiting.isWanted && !connection.isSignedOut && timer === null && !reading && !unanswered) timer = setTimeout(readWanted, delay);
}

/**
 * Make requests that belong together: nobody is shown what lies between them, such as a job whose
 * window is wider already but which is still nowhere.
 *
 * @template Answer
 * @param {() => Promise<Answer>} requests
 */
export async function together(requests) {
  unanswered += 1;
  clearTimeout(timer ?? 0);
  timer = null;
  try {
    await reading;
    return await requests();
  } finally {
    unanswered -= 1;
    readSoon();
  }
}

async function readWanted() {
  timer = null;
  reading = read();
  const seconds = await reading;
  reading = null;
  readSoon(seconds === 0 ? GATHER_MILLISECONDS : seconds * 1000);
}

/** 0, or if it could not be read after how many seconds to try again; it is wanted still. */
async function read() {
  const { all, technicianIds } = waiting;
  Object.assign(waiting, { isWanted: false, all: false, technicianIds: new Set() });
  try {
    if (all) await readBoard(board.day, board.days, { quiet: true });
    // What waits without a technician comes with anybody's answer.
    else await readTechnicians(technicianIds.size ? technicianIds : [...board.technicians.keys()].slice(0, 1));
    return 0;
  } catch (error) {
    Object.assign(waiting, { isWanted: true, all: true });
    return (error instanceof Refused && error.secondsToWait) || AGAIN_MILLISECONDS / 1000;
  }
}
