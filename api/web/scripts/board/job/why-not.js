/**
 * Why a job is in nobody's route: for each technician what is in the way, and the smallest change
 * that would let it in, with a button that makes that change.
 */

import { element } from "../../dom.js";
import { span, time } from "../../format.js";
import { ask, get } from "../../http.js";
import { text } from "../../texts.js";
import { foldable } from "../../ui/foldable.js";
import { toastTrouble } from "../../ui/toast.js";
import { colourName } from "../colours.js";
import { confirmDialog } from "../dialogs.js";
import { together } from "../live.js";
import { done, makeChange } from "../moves/changes.js";
import { judgeAndCarryOut } from "../moves/drop.js";
import { toWire } from "../moves/moments.js";
import { openOverride } from "../moves/override.js";
import { board, dayToAttend, isPlannable } from "../state.js";
import { brokenList, brokenText, costBadge, jobTitle } from "../words.js";
import { addJobSection } from "./details.js";

const FIRST = 5;

export function mountWhyNot() {
  const fold = foldable("why_not.title", load);
  addJobSection((job, placed) =>
    placed || !isPlannable(job) || !board.unassigned.has(job.id)
      ? null
      : fold.of(`${job.id}@${board.version}@${job.revision}@${board.day}`, job),
  );
}

/** @param {OnBoard.Job} job */
async function load(job) {
  const day = dayToAttend(job);
  const found = await get(`/jobs/${encodeURIComponent(job.id)}/why-not?day=${day}`);
  // Where nobody knows the place, no change to the plan would help.
  if (found.reasons.some(({ code }) => code === "needs_location")) return [element("p", {}, text("reason.needs_location"))];
  const able = found.technicians.filter((one) => one.changes.length);
  const unable = found.technicians.filter((one) => !one.changes.length);
  const list = element(
    "ol",
    { class: "ways-in" },
    able.slice(0, FIRST).map((one) => way(job, one, day)),
  );
  const more = able.slice(FIRST);
  return [
    able.length ? element("p", { class: "soft" }, text("why_not.smallest_first")) : element("p", {}, text("why_not.nobody")),
    list,
    more.length
      ? element(
          "button",
          {
            type: "button",
            class: "quiet small",
            onclick: ({ currentTarget }) => {
              list.append(...more.map((one) => way(job, one, day)));
              list.children[FIRST]?.querySelector("button")?.focus();
              currentTarget.remove();
            },
          },
          text("why_not.more", { count: more.length }),
        )
      : null,
    sources(found.sources),
    unable.length
      ? element(
          "details",
          { class: "fold inner" },
          element("summary", {}, text("why_not.unable", { count: unable.length })),
          element(
            "ul",
            { class: "ways-in" },
            unable.map((one) => hopeless(job, one)),
          ),
        )
      : null,
  ];
}

/**
 * @param {OnBoard.Job} job
 * @param {Api.TechnicianWhyNot} technician
 * @param {Api.Day} day
 */
function way(job, technician, day) {
  const [smallest, ...others] = technician.changes;
  if (!smallest) return hopeless(job, technician);
  return element(
    "li",
    { class: "way-in", style: { "--route": `var(${colourName(technician.technician_id)})` } },
    element(
      "p",
      { class: "way-who" },
      element("span", { class: "swatch" }),
      element("strong", {}, technician.technician),
      costBadge(smallest.extra_cost),
    ),
    offer(job, technician, smallest, day),
    ...others.map((one) =>
      element(
        "div",
        { class: "way-other" },
        element("p", { class: "soft" }, text("why_not.or"), " ", costBadge(one.extra_cost)),
        offer(job, technician, one, day),
      ),
    ),
  );
}

/**
 * One change that lets the job in, said as a sentence, with the button that makes it.
 *
 * @param {OnBoard.Job} job
 * @param {Api.TechnicianWhyNot} technician
 * @param {Api.WayIn} change
 * @param {Api.Day} day
 */
function offer(job, technician, change, day) {
  const { waivers, bumped_job_ids: bumped, visit } = change;
  const when = { time: time(visit.start_at) };
  const move = { job_id: job.id, technician_id: technician.technician_id, start_at: visit.start_at, hold: false, day };
  const words = text("change.done", { title: job.title, technician: technician.technician, time: time(visit.start_at) });
  /**
   * @param {string} label
   * @param {() => unknown} act
   * @param {string} [kind]
   */
  const button = (label, act, kind = "") =>
    element(
      "button",
      { type: "button", class: `small ${kind}`, "aria-label": `${label}: ${technician.technician} ${time(visit.start_at)}`, onclick: act },
      label,
    );
  if (bumped.length) {
    const titles = bumped.map(jobTitle).join(", ");
    return element(
      "div",
      {},
      element("p", {}, text("why_not.instead_of", { ...when, titles })),
      button(text("why_not.replace"), () => askToReplace(job, technician, bumped, move, words, titles, day)),
    );
  }
  if (!waivers.length) {
    return element(
      "div",
      {},
      element("p", {}, text("why_not.fits", when)),
      button(text("why_not.place"), () => judgeAndCarryOut(move).catch(toastTrouble), "main"),
    );
  }
  const [first] = waivers;
  const shift = waivers.length === 1 && first?.rule === "time_windows" && job.windows.length ? first : null;
  return element(
    "div",
    {},
    element("p", {}, text("why_not.if", when)),
    brokenList(waivers, job.id),
    element(
      "div",
      { class: "buttons" },
      shift ? button(text("why_not.widen", { span: span(shift.amount) }), () => widen(job, shift, move, words).catch(toastTrouble)) : null,
      button(text("why_not.override"), () =>
        openOverride(move, { violations: waivers, overridable: true, extra_cost: change.extra_cost, visit }, words),
      ),
    ),
  );
}

/**
 * The customer agrees to another time: the window itself is changed, and the job placed.
 *
 * @param {OnBoard.Job} job
 * @param {Api.WaiverOut} waiver
 * @param {Api.PlanChange} move
 * @param {string} words
 */
async function widen(job, waiver, move, words) {
  const before = job.windows.map((one) => ({ ...one, starts_at: toWire(one.starts_at), ends_at: toWire(one.ends_at) }));
  const windows = job.windows.map(({ starts_at: from, ends_at: to, price }) =>
    waiver.subject === "earlier"
      ? { starts_at: toWire(from - waiver.amount * 1000), ends_at: toWire(to), price }
      : { starts_at: toWire(from), ends_at: toWire(to + waiver.amount * 1000), price },
  );
  const path = `/jobs/${encodeURIComponent(job.id)}`;
  await together(async () => {
    await ask("PATCH", path, { windows });
    done(text("why_not.widened", { title: job.title, said: brokenText(waiver, job.id) }), [
      { method: "PATCH", path, body: { windows: before } },
    ]);
    await makeChange(move, words);
  });
}

/**
 * @param {OnBoard.Job} job
 * @param {Api.TechnicianWhyNot} technician
 * @param {string[]} bumped
 * @param {Api.PlanChange} move
 * @param {string} words
 * @param {string} titles
 * @param {Api.Day} day
 */
function askToReplace(job, technician, bumped, move, words, titles, day) {
  confirmDialog({
    title: text("why_not.replace_title"),
    body: text("why_not.replace_body", { title: job.title, titles, technician: technician.technician }),
    yes: text("why_not.replace"),
    act: () =>
      together(async () => {
        for (const id of bumped)
          await makeChange(
            { job_id: id, technician_id: null, start_at: null, hold: false, day },
            text("change.done_off", { title: jobTitle(id) }),
          );
        await makeChange(move, words);
      }),
  });
}

/**
 * @param {OnBoard.Job} job
 * @param {Api.TechnicianWhyNot} technician
 */
function hopeless(job, technician) {
  return element(
    "li",
    { class: "way-in" },
    element("p", { class: "way-who" }, element("strong", {}, technician.technician)),
    brokenList(technician.obstacles, job.id),
  );
}

/**
 * Where parts and tools can be had.
 *
 * @param {Api.PartSource[]} found
 */
function sources(found) {
  /**
   * @param {string[]} ids
   * @param {Map<string, { name: string }>} kept
   */
  const names = (ids, kept) => ids.map((id) => kept.get(id)?.name ?? id).join(", ");
  const lines = found.map((one) => {
    const what = one.part_id ? (board.parts[one.part_id] ?? one.part_id) : (board.tools[one.tool_id ?? ""] ?? one.tool_id);
    const places = [
      one.depot_ids.length ? text("why_not.in_depots", { depots: names(one.depot_ids, board.depots) }) : null,
      one.technician_ids.length ? text("why_not.in_vans", { technicians: names(one.technician_ids, board.technicians) }) : null,
    ].filter(Boolean);
    return element("li", {}, element("strong", {}, what), ": ", places.join("; ") || text("why_not.nowhere"));
  });
  return lines.length ? element("div", { class: "sources" }, element("h4", {}, text("why_not.sources")), element("ul", {}, lines)) : null;
}
