/** Why a visit is where it is: what it costs there, the next best places, and moving it there. */

import { element } from "../../dom.js";
import { isoDay, money, time } from "../../format.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { foldable } from "../../ui/foldable.js";
import { toastTrouble } from "../../ui/toast.js";
import { judgeAndCarryOut } from "../moves/drop.js";
import { place } from "../moves/offers.js";
import { board, isPlannable } from "../state.js";
import { addJobSection } from "./details.js";

const LIMIT = 8;

export function mountWhyHere() {
  const fold = foldable("why_here.title", load);
  addJobSection((job, placed) => {
    if (!placed || !isPlannable(job) || job.en_route_at) return null;
    return fold.of(`${job.id}@${board.version}`, job, placed);
  });
}

/**
 * @param {OnBoard.Job} job
 * @param {OnBoard.Placed} [placed]
 */
async function load(job, placed) {
  const { here, alternatives } = await get(`/jobs/${encodeURIComponent(job.id)}/alternatives?limit=${LIMIT}`);
  const day = placed ? isoDay(placed.route.shift_starts_at) : board.day;
  return [
    element(
      "p",
      {},
      here.saving === null
        ? text("why_here.untenable", { technician: here.technician })
        : text("why_here.here", { technician: here.technician, time: time(here.start_at), cost: money(here.saving) }),
    ),
    alternatives.length
      ? element("p", { class: "soft" }, text("why_here.others", { count: alternatives.length }))
      : element("p", { class: "soft" }, text("why_here.nothing")),
    element(
      "ol",
      { class: "offers-list" },
      alternatives.map((option) =>
        place(job.id, option, {
          label: text("why_here.move"),
          act: () =>
            judgeAndCarryOut({ job_id: job.id, technician_id: option.technician_id, start_at: option.start_at, hold: false, day }).catch(
              toastTrouble,
            ),
        }),
      ),
    ),
  ];
}
