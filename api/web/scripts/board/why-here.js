/** Why a visit is where it is: what it costs there, the next best places, and moving it there. */

import { element } from "../dom.js";
import { isoDay, money, time } from "../format.js";
import { get } from "../http.js";
import { text } from "../texts.js";
import { colourName } from "./colours.js";
import { addJobSection } from "./details.js";
import { judgeAndCarryOut } from "./drop.js";
import { board, isPlannable } from "./state.js";
import { toastTrouble } from "./toast.js";
import { foldable } from "./foldable.js";
import { costBadge } from "./words.js";

const LIMIT = 8;

export function mountWhyHere() {
  const fold = foldable("why_here.title", load);
  addJobSection((job, placed) => {
    if (!placed || !isPlannable(job) || job.en_route_at) return null;
    return fold.of(`${job.id}@${board.version}`, job, placed);
  });
}

async function load(job, placed) {
  const { here, alternatives } = await get(`/jobs/${encodeURIComponent(job.id)}/alternatives?limit=${LIMIT}`);
  const day = isoDay(placed.route.shift_starts_at);
  return [
    element("p", {}, here.saving === null
      ? text("why_here.untenable", { technician: here.technician })
      : text("why_here.here", { technician: here.technician, time: time(here.start_at), cost: money(here.saving) })),
    alternatives.length ? element("p", { class: "soft" }, text("why_here.others", { count: alternatives.length })) : element("p", { class: "soft" }, text("why_here.nothing")),
    element("ol", { class: "offers-list" }, alternatives.map((option) => place(option, {
      label: text("why_here.move"),
      act: () => judgeAndCarryOut({ job_id: job.id, technician_id: option.technician_id, start_at: option.start_at, hold: false, day }).catch(toastTrouble),
    }))),
  ];
}

/** A place that a job could have: who, when, what it costs and moves, and a button that takes it. */
export function place(option, { label, act }) {
  const notes = [
    option.moved_job_ids.length ? text("place.moves", { count: option.moved_job_ids.length }) : null,
    option.depot_ids.length ? text("place.depot", { depots: option.depot_ids.map((id) => board.depots.get(id)?.name ?? id).join(", ") }) : null,
    option.bumped_job_ids.length ? text("place.bumps", { titles: option.bumped_job_ids.map((id) => board.jobs.get(id)?.title ?? id).join(", ") }) : null,
  ].filter(Boolean);
  return element("li", { class: "offer", style: { "--route": `var(${colourName(option.technician_id)})` } },
    element("span", { class: "swatch" }),
    element("div", { class: "offer-what" },
      element("p", {}, element("strong", {}, option.technician), " ", element("span", { class: "numbers" }, `${time(option.start_at)}–${time(option.departure_at)}`)),
      notes.length ? element("p", { class: "soft" }, notes.join(" · ")) : null),
    costBadge(option.extra_cost),
    element("button", { type: "button", class: "small", "aria-label": `${label}: ${option.technician} ${time(option.start_at)}`, onclick: act }, label));
}
