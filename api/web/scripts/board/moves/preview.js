/** The routes as a move would leave them: outlines over the rows, while it is under way. */

import { byId, element } from "../../dom.js";
import { colourName } from "../colours.js";
import { pointOf, ROW_HEIGHT } from "../timeline/timeline.js";

/** @type {HTMLElement | null} */
let layer = null;

/**
 * Outline where the visits of the judged routes would be; the moved job's own is the ghost.
 *
 * @param {string} jobId
 * @param {Api.Judgement} judgement
 */
export function drawPreview(jobId, judgement) {
  clearPreview();
  const box = byId("timeline").getBoundingClientRect();
  const pieces = [];
  for (const route of judgement.routes) {
    for (const stop of route.stops) {
      const isOwn = stop.job_id === jobId;
      const from = pointOf(route.technician_id, Date.parse(stop.start_at));
      const to = pointOf(route.technician_id, Date.parse(stop.departure_at));
      if (from.y < box.top || from.y > box.bottom || to.x < box.left || from.x > box.right) continue;
      const isMoved = judgement.moved.some((one) => one.job_id === stop.job_id);
      if (!isOwn && !isMoved) continue;
      pieces.push(
        element("div", {
          class: isOwn ? "preview own" : "preview",
          style: {
            "--route": `var(${colourName(route.technician_id)})`,
            left: `${from.x}px`,
            top: `${from.y + 3}px`,
            width: `${Math.max(4, to.x - from.x)}px`,
            height: `${ROW_HEIGHT - 8}px`,
          },
        }),
      );
    }
  }
  layer = element("div", { class: "preview-layer", "aria-hidden": "true" }, pieces);
  document.body.append(layer);
}

export function clearPreview() {
  layer?.remove();
  layer = null;
}
