/** The best places that a job could have on a day that is chosen, the best first; one click takes one. */

import { element } from "../../dom.js";
import { isoDay, longDay, startOfDay, time } from "../../format.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { colourName } from "../colours.js";
import { openDialog, troubleLines } from "../dialogs.js";
import { board, dayAfter, plannedDay } from "../state.js";
import { brokenList, costBadge } from "../words.js";
import { judge } from "./changes.js";
import { carryOut } from "./drop.js";

/**
 * @template {Api.PlaceOption} Option
 * @typedef {object} OfferOptions
 * @property {string} title
 * @property {Api.Day} day
 * @property {(day: Api.Day) => Promise<Option[]>} find
 * @property {string} label
 * @property {(option: Option, day: Api.Day) => Promise<unknown>} take
 * @property {HTMLElement[]} [buttons]
 */

/** So many places at most are asked for. */
export const OFFERS = 8;

/**
 * Show the places of the `day`, and of any other that is picked. `find(day)` asks for them, and
 * `take(option, day)` has the job go there; the dialog closes, or says why that failed.
 *
 * @template {Api.PlaceOption} Option
 * @param {{ id: string, title: string }} job
 * @param {OfferOptions<Option>} options
 */
export function openOffers(job, { title, day: first, find, label, take, buttons = [] }) {
  const list = element("ol", { class: "offers-list" });
  const status = element("p", { class: "soft", role: "status" });
  const day = element("input", { type: "date", value: first, onchange: look });
  const dialog = openDialog({
    title,
    className: "wide",
    body: [
      element("p", { class: "lead" }, element("strong", {}, job.title), " ", element("span", { class: "soft numbers" }, job.id)),
      element("div", { class: "fields three" }, element("label", {}, text("offers.day"), day)),
      status,
      list,
    ],
    buttons,
  });
  look();
  return dialog;

  async function look() {
    const wanted = day.value;
    if (!wanted) return;
    status.textContent = text("offers.looking");
    list.replaceChildren();
    try {
      const options = await find(wanted);
      if (day.value !== wanted) return;
      const named = longDay(startOfDay(wanted));
      status.textContent = options.length
        ? text("offers.found", { count: options.length, day: named })
        : text("offers.nothing", { day: named });
      list.replaceChildren(...options.map((option) => place(job.id, option, { label, act: () => accept(option, wanted) })));
    } catch (error) {
      if (day.value !== wanted) return;
      status.textContent = "";
      list.replaceChildren(element("li", {}, troubleLines(error)));
    }
  }

  /**
   * @param {Option} option
   * @param {Api.Day} wanted
   */
  async function accept(option, wanted) {
    dialog.clear();
    try {
      await take(option, wanted);
      dialog.close();
    } catch (error) {
      dialog.fail(error);
    }
  }
}

/**
 * Where a planned job could go on another day; what that breaks takes an override, as if it were dropped there.
 *
 * @param {OnBoard.Job} job
 */
export function offerOtherDays(job) {
  const today = isoDay(Date.now());
  const next = dayAfter(plannedDay(job.id) ?? today, 1);
  const dialog = openOffers(job, {
    title: text("other_day.title"),
    day: next < today ? today : next,
    find: async (day) => (await get(`/jobs/${encodeURIComponent(job.id)}/alternatives?day=${day}&limit=${OFFERS}`)).alternatives,
    label: text("why_here.move"),
    take: async ({ technician_id: technicianId, start_at: startAt }, day) => {
      const change = { job_id: job.id, technician_id: technicianId, start_at: startAt, hold: false, day };
      const judgement = await judge(change);
      // What may be asked about it comes in a dialog of its own.
      dialog.close();
      carryOut(change, judgement).catch(toastTrouble);
    },
  });
}

/**
 * A place that a job could have: who, when, what it costs, moves and breaks, and a button that takes it.
 *
 * @param {string} jobId
 * @param {Api.PlaceOption & { violations?: Api.BrokenRule[] }} option
 * @param {{ label: string, act: () => unknown }} taking
 */
export function place(jobId, option, { label, act }) {
  const notes = [
    option.moved_job_ids.length ? text("place.moves", { count: option.moved_job_ids.length }) : null,
    option.depot_ids.length
      ? text("place.depot", { depots: option.depot_ids.map((id) => board.depots.get(id)?.name ?? id).join(", ") })
      : null,
    option.bumped_job_ids.length
      ? text("place.bumps", { titles: option.bumped_job_ids.map((id) => board.jobs.get(id)?.title ?? id).join(", ") })
      : null,
  ].filter(Boolean);
  return element(
    "li",
    { class: "offer", style: { "--route": `var(${colourName(option.technician_id)})` } },
    element("span", { class: "swatch" }),
    element(
      "div",
      { class: "offer-what" },
      element(
        "p",
        {},
        element("strong", {}, option.technician),
        " ",
        element("span", { class: "numbers" }, `${time(option.start_at)}–${time(option.departure_at)}`),
      ),
      notes.length ? element("p", { class: "soft" }, notes.join(" · ")) : null,
      option.violations?.length ? brokenList(option.violations, jobId) : null,
    ),
    costBadge(option.extra_cost),
    element(
      "button",
      { type: "button", class: "small", "aria-label": `${label}: ${option.technician} ${time(option.start_at)}`, onclick: act },
      label,
    ),
  );
}
