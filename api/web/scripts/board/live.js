/** What happens elsewhere: the service's events, and reading again what they concern. */

import { announce } from "./announce.js";
import { readBoard, readTechnicians } from "./board-data.js";
import { board, connection, notify, setConnection } from "./state.js";
import { text } from "../texts.js";

/** What comes in quick succession is read once. */
const GATHER_MILLISECONDS = 120;
/** What is expected changes with the clock alone, and positions are no events. */
const REFRESH_MILLISECONDS = 60_000;
const AGAIN_MILLISECONDS = 3_000;

/** Types by what they mean to the board; those of alerts and runs go to whoever listens. */
const OF_JOBS = ["created", "changed", "cancelled", "placed", "scheduled", "unscheduled", "en_route", "on_site", "completed", "cannot_complete"].map((action) => `job.${action}`);
const OF_EVERYTHING = ["job.imported", "feed.reset"];
const OTHERS = {
  alert: ["receive", "update", "clear", "acknowledge", "judge"],
  placement: ["ask", "placed", "no_place", "withdrawn"],
  plan: ["drafted", "discarded", "merged"],
  run: ["requested", "queued_again", "cancelling", "cancelled", "finished", "failed", "progress"],
};

/** What is to be read; with neither technicians nor all of them, what waits without a technician. */
const waiting = { isWanted: false, technicianIds: new Set(), all: false };
let wasCutOff = false;
let timer = null;
/** Settled when what is being read has been taken in; null while nothing is. */
let reading = null;
/** How many groups of requests of this window are not all answered yet. */
let unanswered = 0;

/** Watch from now on. Other parts hear events by `subscribe("event:alert", …)`, `event:run` and so on. */
export function watch() {
  const stream = new EventSource("/events");
  stream.addEventListener("open", () => {
    if (wasCutOff) wantAll();
    wasCutOff = false;
    setConnection(true);
  });
  stream.addEventListener("error", () => {
    if (connection.isLive) announce(text("live.cut_off"));
    wasCutOff = true;
    setConnection(false);
    if (stream.readyState === EventSource.CLOSED) setTimeout(watch, AGAIN_MILLISECONDS);
  });
  const on = (type, listener) => stream.addEventListener(type, ({ data }) => data && listener(JSON.parse(data)));
  for (const type of OF_JOBS) on(type, concernsJob);
  for (const type of OF_EVERYTHING) on(type, wantAll);
  for (const type of ["absence.added", "absence.removed"]) on(type, concernsAbsence);
  for (const type of ["plan.published", "plan.accepted"]) on(type, concernsPlan);
  for (const [entity, actions] of Object.entries(OTHERS)) {
    for (const action of actions) on(`${entity}.${action}`, (event) => notify(`event:${entity}`, event));
  }
}

/** Read everything anew now and then, while somebody looks. */
export function refreshRegularly() {
  setInterval(() => document.hidden || wantAll(), REFRESH_MILLISECONDS);
}

function concernsJob(event) {
  notify("event:job", event);
  const ids = [board.placed.get(event.entity_id)?.technicianId, event.after?.technician_id];
  want(ids.filter(Boolean));
}

function concernsPlan(event) {
  notify("event:plan", event);
  const ids = event.after?.technician_ids;
  if (ids) want(ids);
  else wantAll();
}

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

function want(technicianIds) {
  for (const id of technicianIds) waiting.technicianIds.add(id);
  waiting.isWanted = true;
  readSoon();
}

function readSoon(delay = GATHER_MILLISECONDS) {
  if (waiting.isWanted && timer === null && !reading && !unanswered) timer = setTimeout(readWanted, delay);
}

/**
 * Make requests that belong together: nobody is shown what lies between them, such as a job whose
 * window is wider already but which is still nowhere.
 */
export async function together(requests) {
  unanswered += 1;
  clearTimeout(timer);
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
  const isRead = await reading;
  reading = null;
  readSoon(isRead ? GATHER_MILLISECONDS : AGAIN_MILLISECONDS);
}

/** False if it could not be read; it is wanted still. */
async function read() {
  const { all, technicianIds } = waiting;
  Object.assign(waiting, { isWanted: false, all: false, technicianIds: new Set() });
  try {
    if (all) await readBoard();
    // What waits without a technician comes with anybody's answer.
    else await readTechnicians(technicianIds.size ? technicianIds : [...board.technicians.keys()].slice(0, 1));
    return true;
  } catch {
    Object.assign(waiting, { isWanted: true, all: true });
    return false;
  }
}
