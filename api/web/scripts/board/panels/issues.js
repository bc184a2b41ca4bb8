/**
 * What has to be decided now, the weightiest first: visits that their technicians cannot attend, jobs
 * without a place, messages that nobody understood, runs that failed. Each leads to where it is settled.
 */

import { byId, element, isThere, redraw } from "../../dom.js";
import { day as dayText, isoDay, number, span, startOfDay } from "../../format.js";
import { get } from "../../http.js";
import { hasText, text } from "../../texts.js";
import { announce } from "../../ui/announce.js";
import { icon } from "../../ui/icons.js";
import { toast, toastTrouble } from "../../ui/toast.js";
import { causeText, kindText } from "../causes.js";
import { show } from "../days.js";
import { priorityBadge, reasonText } from "../job/unassigned.js";
import { openReplan } from "../plan/replan.js";
import { board, isShown, select, selection, setIssues, subscribe } from "../state.js";
import { showJob } from "../timeline/cells.js";
import { jobTitle, technicianName } from "../words.js";
import { openDeadLetters } from "./dead-letters.js";
import { addPanel, isOpen, offerPanel, openPanel } from "./panel.js";
import { keepRepairsOf, mountRepairs, repairButtons, repairsSigned, workOut } from "./repairs.js";

const GATHER_MILLISECONDS = 400;
/** While the service is at the list, what was known before is shown. */
const AGAIN_MILLISECONDS = 1_000;
/** @type {Record<string, import("../../ui/icons.js").IconName>} */
const ICONS = { conflict: "conflict", no_place: "person", dead_letter: "bell", failed_run: "calendar", late: "clock" };
/** After so long since when is told by day, not by the hours. */
const LONG_SECONDS = 24 * 3600;
/** So many visits that were in vain are told of one by one. */
const MOST_TOLD = 2;

/** @type {import("./panel.js").Panel} */
let panel;
/** @type {string | null} */
let drawn = null;
/**
 * Of each job that is not on the board: its title.
 *
 * @type {Map<string, string>}
 */
const titles = new Map();
/**
 * Those told of already; null before the first answer.
 *
 * @type {Set<string> | null}
 */
let known = null;
/** @type {number | null} */
let timer = null;

export function mountIssues() {
  panel = addPanel("issues", { shown: workOutFirst });
  mountRepairs(draw);
  byId("issues").addEventListener("click", () => openPanel("issues", { focus: true }));
  for (const entity of ["placement", "dead_letter", "run", "plan", "absence", "job", "technician", "issue"])
    subscribe(`event:${entity}`, readSoon);
  subscribe("board", (technicianIds) => {
    // Each minute, and whenever everything may have changed.
    if (technicianIds === null) readSoon();
    draw();
  });
}

function readSoon() {
  timer ??= setTimeout(read, GATHER_MILLISECONDS);
}

async function read() {
  timer = null;
  try {
    const { issues, is_current: isCurrent } = await get("/issues", { quiet: true });
    if (!isCurrent) timer = setTimeout(read, AGAIN_MILLISECONDS);
    await nameJobs(issues);
    setIssues(issues);
    keepRepairsOf(issues);
    draw();
    tell(issues);
    workOutFirst();
  } catch (error) {
    toastTrouble(error);
  }
}

/** The weightiest has its costs at once, while somebody looks; the others when they are asked for. */
function workOutFirst() {
  const [first] = board.issues;
  // Whoever has settled it meanwhile is told by what comes next.
  if (first && isOpen("issues")) workOut(first).catch(() => {});
}

/**
 * Titles of jobs on days that are not shown.
 *
 * @param {Api.Issue[]} issues
 */
async function nameJobs(issues) {
  const missing = new Set(issues.flatMap((one) => one.job_ids).filter((id) => !board.jobs.has(id) && !titles.has(id)));
  await Promise.all(
    [...missing].map(async (id) => {
      try {
        titles.set(id, (await get(`/jobs/${encodeURIComponent(id)}`, { quiet: true })).title);
      } catch {
        // It goes by its id.
      }
    }),
  );
}

/**
 * What is new is said wherever one looks; what was there at first comes to the front, unless somebody has chosen what to see.
 *
 * @param {Api.Issue[]} issues
 */
function tell(issues) {
  const before = known;
  const fresh = before === null ? [] : issues.filter((one) => !before.has(one.id) && !isLookedAt(one));
  if (before === null && issues.length && !selection.jobId) offerPanel("issues");
  known = new Set(issues.map((one) => one.id));
  const failed = fresh.filter(isFailed);
  for (const one of failed.slice(0, MOST_TOLD)) tellFailed(one);
  say(failed.length > MOST_TOLD ? fresh : fresh.filter((one) => !isFailed(one)));
}

/** @param {Api.Issue[]} fresh */
function say(fresh) {
  const [first] = fresh;
  if (!first) return;
  const words = fresh.length === 1 ? `${kindText(first)}: ${heading(first)}` : text("issues.new", { count: fresh.length });
  announce(words);
  toast(words, { kind: "bad", buttons: [{ label: text("issues.show"), act: () => openPanel("issues", { focus: true }) }] });
}

/** @param {Api.Issue} issue */
const isFailed = ({ kind }) => kind === "failed_visit";

/**
 * That a visit was in vain is said with who, why, and what they noted.
 *
 * @param {Api.Issue} issue
 */
function tellFailed(issue) {
  const {
    technician_id: technicianId,
    cause: { values },
  } = issue;
  const obstacle = text(`obstacle.${values.reason ?? "other"}`);
  const words = [
    `${kindText(issue)}: ${heading(issue)}`,
    technicianId ? `${technicianName(technicianId)}: ${obstacle}` : obstacle,
    values.note,
  ].filter(Boolean);
  announce(words.join(". "));
  toast(words.join(" – "), { kind: "bad", buttons: [{ label: text("issues.show"), act: () => open(issue).catch(toastTrouble) }] });
}

/**
 * Whether its job is chosen: whoever has just taken that off the plan knows.
 *
 * @param {Api.Issue} issue
 */
const isLookedAt = ({ kind, job_ids: ids }) => kind !== "failed_visit" && selection.jobId !== null && ids.includes(selection.jobId);

function draw() {
  const { issues } = board;
  panel.setCount(issues.length || null);
  const button = byId("issues");
  button.hidden = !issues.length;
  if (issues.length) button.replaceChildren(icon("conflict", 13), text("issues.count", { count: issues.length }));
  document.title = issues.length ? `(${issues.length}) ${text("title")}` : text("title");
  const signed = JSON.stringify([issues, issues.map(heading), issues.map(repairsSigned), Math.floor(Date.now() / 60_000)]);
  if (drawn === signed) return;
  drawn = signed;
  const cards = issues.length ? element("ul", { class: "cards" }, issues.map(card)) : element("p", { class: "soft" }, text("issues.none"));
  // What was settled is gone; whoever was at it is at the list.
  redraw(panel.body, [cards], { orElse: panel.body });
}

/** @param {Api.Issue} issue */
function card(issue) {
  const [job] = issue.job_ids.map((id) => board.jobs.get(id)).filter(isThere);
  const { reason_code: reasonCode, rule } = issue.cause.values;
  const facts = [
    issue.technician_id ? technicianName(issue.technician_id) : null,
    issue.day ? dayText(startOfDay(issue.day)) : null,
    since(issue),
    text("issues.weight", { number: number(issue.weight) }),
  ].filter(isThere);
  return element(
    "li",
    { class: `issue-card ${issue.kind}`, dataset: { issue: issue.id } },
    element(
      "p",
      { class: "card-facts" },
      element("span", { class: "badge bad with-icon" }, icon(ICONS[issue.kind] ?? "conflict", 11), kindText(issue)),
      job ? priorityBadge(job) : null,
    ),
    element(
      "button",
      { type: "button", class: "job-open", dataset: { focusKey: `issue-${issue.id}` }, onclick: () => open(issue).catch(toastTrouble) },
      element("strong", {}, heading(issue)),
    ),
    element("p", { class: "soft numbers" }, facts.join(" · ")),
    element("p", {}, causeOf(issue)),
    job && reasonCode && reasonCode !== issue.cause.code
      ? element("p", { class: "soft" }, reasonText(job, { code: reasonCode, rule }))
      : null,
    repairButtons(issue),
  );
}

/**
 * Of a job that was taken off its route it is known why, but not from whom.
 *
 * @param {Api.Issue} issue
 */
function causeOf({ cause, technician_id: technicianId }) {
  const reason = `reason.${cause.code}`;
  return technicianId === null && hasText(reason) ? text(reason) : causeText(cause, technicianId);
}

/** @param {Api.Issue} issue */
function since({ since: moment }) {
  const seconds = Math.max(0, (Date.now() - Date.parse(moment)) / 1000);
  return seconds < LONG_SECONDS ? text("issues.for", { span: span(seconds) }) : text("issues.since", { day: dayText(moment) });
}

/**
 * What it is about, by name.
 *
 * @param {Api.Issue} issue
 */
function heading({ kind, job_ids: ids, cause: { values } }) {
  if (kind === "dead_letter") return values.source ?? values.source_id ?? text("issues.no_source");
  if (kind === "failed_run") return text("replan.run", { days: days(values) });
  return ids.map((id) => `${titles.get(id) ?? jobTitle(id)} (${id})`).join(", ") || kindText({ kind });
}

/** @param {Record<string, any>} values */
function days({ starts_on: first, ends_on: last }) {
  return [...new Set([first, last])].map((iso) => dayText(startOfDay(iso))).join(" – ");
}

/**
 * Go where it can be settled.
 *
 * @param {Api.Issue} issue
 * @returns {Promise<unknown>}
 */
async function open(issue) {
  const {
    kind,
    cause: { values },
  } = issue;
  if (kind === "dead_letter") return openDeadLetters(values.source_id ?? null);
  if (kind === "failed_run") return openReplan({ from: values.starts_on, to: values.ends_on, territory: values.territory });
  const [jobId = null] = issue.job_ids;
  const isHere = issue.day ? isShown(issue.day) : jobId === null || board.jobs.has(jobId);
  const day = issue.day ?? (jobId && !isHere ? await dayOf(jobId) : null);
  if (day && !isHere) await show(day, 1);
  select({ jobId, technicianId: issue.technician_id });
  openPanel("job", { focus: true });
  if (jobId && board.placed.has(jobId)) showJob(jobId);
  return undefined;
}

/**
 * A day on which the job could be attended.
 *
 * @param {string} jobId
 */
async function dayOf(jobId) {
  const { windows } = await get(`/jobs/${encodeURIComponent(jobId)}`);
  const open_ = windows.find((one) => Date.parse(one.ends_at) > Date.now());
  return isoDay(open_ ? Math.max(Date.parse(open_.starts_at), Date.now()) : Date.now());
}
