/** What technicians have said of a job, in its details: when, what came of it, and what comes after. */

import { element } from "../../dom.js";
import { day, isoDay, span, time } from "../../format.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { troubleLines } from "../dialogs.js";
import { subscribe } from "../state.js";
import { technicianName } from "../words.js";
import { addJobSection } from "./details.js";
import { endLines } from "./ends.js";
import { followUpButtons, isToBeSettled } from "./follow-up.js";

/** What was sent so much later was kept on the phone meanwhile. */
const LATE_MILLISECONDS = 10 * 60_000;
const ENDS = ["completed", "cannot_complete"];
/**
 * What is shown, and of which state of which job.
 *
 * @type {{ job: OnBoard.Job, key: string, node: HTMLElement, content: HTMLElement, after: HTMLElement } | null}
 */
let shown = null;

export function mountTold() {
  addJobSection(section);
  subscribe("issues", () => shown && drawAfter(shown));
}

/** @type {import("./details.js").JobSection} */
function section(job) {
  if (!job.en_route_at && !job.arrived_at && !job.departed_at && !ENDS.includes(job.status)) return null;
  const key = `${job.id}@${job.revision}`;
  if (shown?.key === key) return shown.node;
  const content = element("div", { class: "told-content" });
  const after = element("div", {});
  const node = element(
    "section",
    { class: "told", "aria-busy": "true" },
    element("h3", {}, text("told.title")),
    times(job),
    content,
    after,
  );
  // What was said before stays to be read until all of it is there.
  if (shown?.job.id === job.id) content.append(...shown.content.childNodes);
  shown = { job, key, node, content, after };
  drawAfter(shown);
  read(shown);
  return node;
}

/** @param {OnBoard.Job} job */
function times({ en_route_at: setOut, arrived_at: arrived, departed_at: left }) {
  const said = [
    setOut && text("told.set_out", { time: time(setOut) }),
    arrived && text("told.arrived", { time: time(arrived) }),
    left && text("told.ended", { time: time(left) }),
    arrived && left ? text("told.there_for", { span: span((left - arrived) / 1000) }) : null,
  ].filter(Boolean);
  return said.length ? element("p", { class: "numbers" }, said.join(" · ")) : null;
}

/** @param {NonNullable<typeof shown>} mine */
async function read(mine) {
  try {
    const { reports } = await get(`/jobs/${encodeURIComponent(mine.job.id)}/reports`, { quiet: true });
    mine.content.replaceChildren(
      reports.length ? element("ol", { class: "told-list" }, reports.map(line)) : element("p", { class: "soft" }, text("told.nothing")),
    );
  } catch (error) {
    mine.content.replaceChildren(...troubleLines(error));
    if (shown === mine) shown.key = "";
  } finally {
    mine.node.removeAttribute("aria-busy");
  }
}

/** @param {Api.ReportOut} report */
function line(report) {
  const { at, received_at: received } = report;
  const isLate = Date.parse(received) - Date.parse(at) > LATE_MILLISECONDS;
  const when = isoDay(at) === isoDay(received) ? time(received) : `${day(received)} ${time(received)}`;
  return element(
    "li",
    { class: ENDS.includes(report.kind) ? "told-end" : "" },
    element(
      "p",
      {},
      element("span", { class: "numbers" }, `${day(at)} ${time(at)}`),
      " ",
      element("strong", {}, text(`status.${report.kind}`)),
      " ",
      element("span", { class: "soft" }, technicianName(report.technician_id)),
      isLate ? element("span", { class: "soft numbers" }, ` · ${text("told.sent_at", { when })}`) : null,
    ),
    ...endLines(report),
  );
}

/** @param {NonNullable<typeof shown>} mine */
function drawAfter({ job, after }) {
  const isFailed = isToBeSettled(job.id);
  const wanted = !ENDS.includes(job.status) ? "" : isFailed ? "failed" : job.links.some(isTakenUp(job.id)) ? "" : "over";
  if (after.dataset.shown === wanted) return;
  after.dataset.shown = wanted;
  after.replaceChildren(...(wanted ? [followUpButtons(job.id, job.title, { isFailed })] : []));
}

/** @param {string} jobId */
const isTakenUp = (jobId) => (/** @type {Api.JobLinkOut} */ link) => link.kind === "follow_up" && link.job_ids[0] === jobId;
