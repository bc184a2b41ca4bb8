/** What stands out on the map, and what steps back. */

import { divIcon, marker } from "leaflet";
import { element, isThere } from "../../dom.js";
import { colourName } from "../colours.js";
import { isFiltered, matchesJob, shownTechnicians } from "../filters.js";
import { board, hover, selection } from "../state.js";
import { drawn, spotOf } from "./marks.js";

/** What is chosen or pointed at stands out; the rest steps back, and what the filters rule out goes. */
export function restyle() {
  const chosen = selection.technicianId;
  const shown = new Set(shownTechnicians().map(({ id }) => id));
  for (const [technicianId, line] of drawn.routes) {
    const isChosen = technicianId === chosen || technicianId === hover.technicianId;
    const isBack = (chosen !== null && !isChosen) || isFiltered();
    style(line, { weight: isChosen ? 3.5 : 1.5, opacity: !shown.has(technicianId) ? 0 : isChosen ? 1 : isBack ? 0.15 : 0.55 }, isChosen);
  }
  for (const [jobId, mark] of drawn.jobs) {
    const { technicianId, job, late } = mark;
    const isFree = technicianId === null;
    const isPointedAt = jobId === selection.jobId || jobId === hover.jobId;
    const isTheirs = !isFree && technicianId === chosen;
    const isBack = !isPointedAt && (!matchesJob(job) || (chosen !== null && !isTheirs && !isFree));
    const isGone = isBack && technicianId !== null && !shown.has(technicianId);
    style(
      mark,
      {
        radius: isPointedAt ? 9 : isFree || isTheirs ? 7 : 5,
        weight: isPointedAt ? 3.5 : late ? 3 : isFree ? 2.5 : 1.5,
        opacity: isGone ? 0 : isBack ? 0.3 : 1,
        fillOpacity: isGone ? 0 : isBack ? 0.25 : 1,
      },
      isPointedAt || isTheirs,
    );
  }
  number(chosen);
}

/**
 * Only what differs is drawn anew.
 *
 * @param {import("./marks.js").DrawnRoute | import("./marks.js").DrawnJob} mark
 * @param {import("leaflet").PathOptions & { radius?: number }} wanted
 * @param {boolean} isInFront
 */
function style(mark, wanted, isInFront) {
  const signed = `${Object.values(wanted)} ${isInFront}`;
  if (mark.signed === signed) return;
  mark.signed = signed;
  mark.layer.setStyle(wanted);
  if (isInFront) mark.layer.bringToFront();
}

/** @type {OnBoard.Route[] | null} */
let numbered = null;
/**
 * The sites of the chosen technician, in the order in which they are gone to.
 *
 * @param {string | null} technicianId
 */
function number(technicianId) {
  const routes = (technicianId && board.routes.get(technicianId)) || null;
  if (numbered === routes) return;
  numbered = routes;
  drawn.numbers.clearLayers();
  if (!technicianId || !routes) return;
  const visited = routes
    .flatMap((route) => route.stops)
    .map((stop) => spotOf(board.jobs.get(stop.job_id ?? "")))
    .filter(isThere);
  visited.forEach((at, index) => {
    const label = element(
      "span",
      { class: "site-number numbers", style: { "--route": `var(${colourName(technicianId)})` } },
      String(index + 1),
    );
    marker(at, { icon: divIcon({ html: label, className: "site-icon", iconSize: [20, 20] }), interactive: false, keyboard: false }).addTo(
      drawn.numbers,
    );
  });
}
