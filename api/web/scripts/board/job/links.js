/** What a job has to do with others: in words at its details, and marked on the time line. */

import { element } from "../../dom.js";
import { day, time } from "../../format.js";
import { text } from "../../texts.js";
import { board, select } from "../state.js";
import { technicianName } from "../words.js";
import { addJobSection } from "./details.js";

const [HOUR, DAY] = [60, 1440];

export function mountLinks() {
  addJobSection(section);
}

/** @type {import("./details.js").JobSection} */
function section(job) {
  if (!job.links.length) return null;
  return element(
    "section",
    { class: "links" },
    element("h3", {}, text("links.title")),
    element(
      "ul",
      { class: "links-list" },
      job.links.map((link) =>
        element(
          "li",
          {},
          sentence(job.id, link),
          " ",
          link.job_ids.filter((id) => id !== job.id).flatMap((id) => [partner(id), " "]),
        ),
      ),
    ),
  );
}

/**
 * What the link says of the job, in words; the partners follow.
 *
 * @param {string} jobId
 * @param {Api.JobLinkOut} link
 */
function sentence(jobId, link) {
  if (link.kind === "together") return text("links.together");
  if (link.kind === "apart") return text(link.by === "day" ? "links.apart_day" : "links.apart_technician");
  const isLater = link.job_ids[1] === jobId;
  if (link.kind === "follow_up") return text(isLater ? "links.takes_up" : "links.taken_up");
  const least = link.least_minutes ?? 0;
  const gaps = [
    least ? text("links.least", { gap: gapText(least) }) : null,
    link.most_minutes === null ? null : text("links.most", { gap: gapText(link.most_minutes) }),
    link.person && link.person !== "any" ? text(`links.person_${link.person}`) : null,
  ].filter(Boolean);
  return [text(isLater ? "links.after" : "links.before"), gaps.length ? `(${gaps.join(", ")})` : null].filter(Boolean).join(" ");
}

/** @param {number} minutes */
function gapText(minutes) {
  if (minutes % DAY === 0) return text("links.days", { count: minutes / DAY });
  return minutes % HOUR === 0 ? text("links.hours", { count: minutes / HOUR }) : text("links.minutes", { count: minutes });
}

/** @param {string} id */
function partner(id) {
  const job = board.jobs.get(id);
  const placed = board.placed.get(id);
  const where = placed ? `${technicianName(placed.technicianId)}, ${day(placed.stop.start_at)} ${time(placed.stop.start_at)}` : null;
  if (!job) return element("span", { class: "numbers" }, id);
  return element(
    "span",
    {},
    element("button", { type: "button", class: "link", onclick: () => select({ jobId: id }) }, job.title),
    element("span", { class: "soft" }, ` ${[id, where].filter(Boolean).join(" · ")}`),
  );
}
