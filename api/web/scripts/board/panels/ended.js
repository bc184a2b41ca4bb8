/** What ended on the days shown, done or in vain, the newest first: who said what of it, and what comes after. */

import { element, redraw } from "../../dom.js";
import { day, time } from "../../format.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { endBadge, endLines } from "../job/ends.js";
import { followUpButtons } from "../job/follow-up.js";
import { board, select, subscribe } from "../state.js";
import { addPanel, isOpen, openPanel } from "./panel.js";

const GATHER_MILLISECONDS = 400;
const ON_A_PAGE = 30;
/** The statuses that can be chosen; none of them is all of them. */
const CHOICES = /** @type {const} */ ([null, "cannot_complete", "completed"]);

/** @type {import("./panel.js").Panel} */
let panel;
/** @type {(typeof CHOICES)[number]} */
let chosen = null;
/** @type {Api.EndedVisit[]} */
let visits = [];
/** @type {string | null} */
let next = null;
/** Whether more than a page is shown, which is then read as far as it was. */
let wanted = ON_A_PAGE;
/** @type {number | null} */
let timer = null;
let asked = 0;
let days = "";

export function mountEnded() {
  panel = addPanel("ended", { shown: read });
  subscribe("event:job", readSoon);
  subscribe("board", () => {
    panel.setCount(board.figures.not_done || null);
    if (days !== shownDays()) readSoon();
  });
}

const shownDays = () => `day=${board.day}&days=${board.days}`;

function readSoon() {
  if (isOpen("ended")) timer ??= setTimeout(read, GATHER_MILLISECONDS);
}

async function read() {
  timer = null;
  if (!board.day) return;
  asked += 1;
  const mine = asked;
  if (days !== shownDays()) wanted = ON_A_PAGE;
  days = shownDays();
  try {
    const found = await page(null, wanted);
    if (mine !== asked) return;
    ({ visits, next } = found);
    draw();
  } catch (error) {
    toastTrouble(error);
  }
}

/**
 * @param {string | null} after
 * @param {number} limit
 */
function page(after, limit) {
  const status = chosen ? `&status=${chosen}` : "";
  return get(`/ended-visits?${days}${status}&limit=${limit}${after ? `&after=${encodeURIComponent(after)}` : ""}`, { quiet: true });
}

async function readMore() {
  const found = await page(next, ON_A_PAGE);
  visits = [...visits, ...found.visits];
  ({ next } = found);
  wanted = Math.min(200, visits.length);
  draw();
}

function draw() {
  const content = [
    element("div", { class: "group switch", role: "group", "aria-label": text("ended.which") }, CHOICES.map(choice)),
    visits.length
      ? element("ol", { class: "cards" }, visits.map(card))
      : element("p", { class: "soft" }, text(chosen ? "ended.none_of_these" : "ended.none")),
    next
      ? element(
          "button",
          { type: "button", class: "small", dataset: { focusKey: "ended-more" }, onclick: () => readMore().catch(toastTrouble) },
          text("earlier.more"),
        )
      : null,
  ];
  redraw(panel.body, content, { orElse: panel.body });
}

/** @param {(typeof CHOICES)[number]} status */
function choice(status) {
  return element(
    "button",
    {
      type: "button",
      "aria-pressed": String(chosen === status),
      dataset: { focusKey: `ended-${status}` },
      onclick: () => {
        chosen = status;
        read();
      },
    },
    status ? text(`status.${status}`) : text("ended.all"),
  );
}

/** @param {Api.EndedVisit} visit */
function card(visit) {
  const isFailed = visit.status === "cannot_complete";
  const isOpenStill = isFailed && !visit.followed_by.length && !visit.is_closed;
  const title = element("strong", {}, visit.title);
  return element(
    "li",
    { class: `ended-card ${visit.status}`, dataset: { job: visit.job_id } },
    element(
      "p",
      { class: "card-facts" },
      element("span", { class: "numbers" }, board.days > 1 ? `${day(visit.ended_at)} ${time(visit.ended_at)}` : time(visit.ended_at)),
      endBadge(visit.status),
      visit.is_closed ? element("span", { class: "badge" }, text("ended.closed")) : null,
    ),
    board.jobs.has(visit.job_id)
      ? element(
          "button",
          { type: "button", class: "job-open", dataset: { focusKey: `ended-${visit.job_id}` }, onclick: () => open(visit.job_id) },
          title,
        )
      : element("p", {}, title),
    element("p", { class: "soft numbers" }, [visit.job_id, visit.site, visit.technician].filter(Boolean).join(" · ")),
    ...endLines(visit),
    visit.followed_by.length ? element("p", { class: "soft" }, text("ended.followed", { jobs: visit.followed_by.join(", ") })) : null,
    isOpenStill ? followUpButtons(visit.job_id, visit.title, { isFailed }) : null,
  );
}

/** @param {string} jobId */
function open(jobId) {
  select({ jobId });
  openPanel("job", { focus: true });
}
