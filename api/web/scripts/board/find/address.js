/**
 * What is looked at is in the address: days, the chosen job or technician, filters and the tab of the
 * side panel. It survives loading anew and signing in, and can be sent to a colleague.
 */

import { byId } from "../../dom.js";
import { show } from "../days.js";
import { filters } from "../filters.js";
import { mapWindow } from "../map/own-window.js";
import { askedOfBacklog } from "../panels/backlog.js";
import { openedPanel, openPanel } from "../panels/panel.js";
import { board, notify, select, selection, subscribe } from "../state.js";
import { dayOfJob } from "./going.js";

const WEEK = 7;
/**
 * What filters are called there.
 *
 * @type {Record<string, keyof typeof filters>}
 */
const FILTERS = { q: "words", skill: "skill", territory: "territory", priority: "priority", status: "state" };
/** Nothing is written while the page is made to look as the address says. */
let isRestoring = false;

/** The day of the job that the address names, where it names no day; else null. */
export async function dayOfAddress() {
  const asked = new URLSearchParams(location.search);
  const job = asked.get("job");
  return job && !asked.has("day") ? dayOfJob(job).catch(() => null) : null;
}

/** To be called once there is something to look at. */
export function mountAddress() {
  restore();
  for (const topic of ["selection", "filters", "panel", "backlog", "board"]) subscribe(topic, write);
  addEventListener("popstate", restore);
}

/** As the address says; what it says nothing of is not chosen. */
function restore() {
  isRestoring = true;
  const asked = new URLSearchParams(location.search);
  notify("restored-filters", Object.fromEntries(Object.entries(FILTERS).map(([key, name]) => [name, asked.get(key) ?? ""])));
  notify("restored-backlog", asked.get("backlog") ?? "");
  const jobId = asked.get("job");
  select({ jobId, technicianId: asked.get("technician") });
  const panel = asked.get("panel") ?? (jobId && "job");
  if (panel) openPanel(panel);
  isRestoring = false;
}

/** The address of what is looked at. */
export function addressOfView() {
  const asked = new URLSearchParams({ day: board.day });
  if (board.days === WEEK) asked.set("view", "week");
  for (const [key, name] of Object.entries(FILTERS)) {
    const value = name === "words" ? byId("search", HTMLInputElement).value.trim() : filters[name];
    if (filters[name] && value) asked.set(key, value);
  }
  if (selection.jobId) asked.set("job", selection.jobId);
  else if (selection.technicianId) asked.set("technician", selection.technicianId);
  const backlog = askedOfBacklog();
  if (backlog) asked.set("backlog", backlog);
  const panel = openedPanel();
  if (panel) asked.set("panel", panel);
  if (mapWindow !== null) asked.set("map", mapWindow);
  return `?${asked}`;
}

/**
 * Look at what the address says, on the days shown.
 *
 * @param {string} address
 */
export async function goToAddress(address) {
  const asked = new URLSearchParams(address);
  const days = asked.get("view") === "week" ? WEEK : 1;
  asked.set("day", board.day);
  history.pushState(null, "", `?${asked}`);
  restore();
  if (days !== board.days) await show(board.day, days, { isKept: true });
}

/** What is chosen takes the place of what was; other days are another page to go back from. */
function write() {
  const shown = new URLSearchParams(location.search).get("day");
  // Other days are on their way.
  if (isRestoring || !board.day || (shown && shown !== board.day)) return;
  const address = addressOfView();
  if (address !== location.search) history.replaceState(null, "", address);
}
