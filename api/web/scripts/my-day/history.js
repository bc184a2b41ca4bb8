/** What was done at a job's place before: asked for ahead, so that it is there in the cellar too. */

import { element } from "../dom.js";
import { findingLists } from "../findings.js";
import { number, day as shortDay } from "../format.js";
import { text } from "../texts.js";
import { request } from "./service.js";
import { keep, readAll } from "./store.js";

const VISITS = 5;
const FRESH_FOR = 6 * 3_600_000;
/** @type {Map<string, OnPhone.KeptHistory>} */
let known = new Map();

/** @param {string} jobId */
export const historyOf = (jobId) => known.get(jobId);

export function forgetHistories() {
  known = new Map();
}

/** Take up what is kept on the phone. */
export async function loadHistories() {
  for (const row of await readAll("histories")) known.set(row.key, row);
}

/**
 * Have the histories of these jobs at hand; `onNews` is called when there are new ones.
 *
 * @param {string[]} jobIds
 * @param {{ keeps: boolean, onNews: () => void }} options
 */
export async function prepareHistories(jobIds, { keeps, onNews }) {
  let isNew = false;
  for (const id of jobIds) {
    const kept = known.get(id);
    if (kept && Date.now() - kept.read_at < FRESH_FOR) continue;
    const answer = await request("GET", `/jobs/${encodeURIComponent(id)}/history?limit=${VISITS}`);
    if (answer.status === 0 || answer.status === 401) break;
    if (answer.status !== 200 || !answer.body) continue;
    const row = { key: id, visits: answer.body.visits, has_more: answer.body.next !== null, read_at: Date.now() };
    known.set(id, row);
    if (keeps) await keep("histories", row);
    isNew = true;
  }
  if (isNew) onNews();
}

/**
 * The visits before, the newest first; null as long as nothing is known.
 *
 * @param {string} jobId
 */
export function historyView(jobId) {
  const found = known.get(jobId);
  if (!found) return null;
  if (!found.visits.length) return element("p", { class: "soft" }, text("history.none"));
  return element(
    "ol",
    { class: "history" },
    ...found.visits.map(visitView),
    found.has_more ? element("li", { class: "soft" }, text("history.more", { total: VISITS })) : null,
  );
}

/** @param {Api.EarlierVisit} visit */
function visitView(visit) {
  const isDone = visit.status === "completed";
  const used = visit.parts_used.map((part) => `${number(part.quantity)} × ${part.name}`).join(", ");
  return element(
    "li",
    {},
    element(
      "p",
      { class: "history-head" },
      element("strong", { class: "numbers" }, shortDay(visit.ended_at)),
      element("span", { class: `badge ${isDone ? "good" : "bad"}` }, text(`status.${visit.status}`)),
      visit.same_asset ? element("span", { class: "badge" }, text("history.same_machine")) : null,
    ),
    element("p", {}, visit.title),
    visit.technician ? element("p", { class: "soft" }, text("history.by", { name: visit.technician })) : null,
    visit.reason ? element("p", {}, text(`reason.${visit.reason}`)) : null,
    visit.note ? element("p", { class: "quote" }, visit.note) : null,
    used ? element("p", { class: "soft" }, text("history.used", { parts: used })) : null,
    findingLists(visit),
  );
}
