/** How much of the day is seen at once, and which part of it. */

import { byId } from "../../dom.js";
import { board, notify, shownSpan } from "../state.js";
import { DETAIL_PIXELS_PER_HOUR, fittingZoom, fullWidth, isInHours, setZoom, toMoment, toPixels, zoom } from "./scale.js";
import { namesWidth, redraw, scroller, trackWidth } from "./timeline.js";

/** Listen to the buttons and the wheel. */
export function mountZoom() {
  scroller.addEventListener("wheel", zoomByWheel, { passive: false });
  byId("zoom-in").addEventListener("click", () => zoomBy(1.5));
  byId("zoom-out").addEventListener("click", () => zoomBy(1 / 1.5));
  byId("zoom-fit").addEventListener("click", fit);
  byId("go-now").addEventListener("click", goToNow);
}

/** The pixel of the track at which now is, or its middle when now is out of view. */
function middle() {
  const now = Date.now();
  const pixels = toPixels(now) - scroller.scrollLeft;
  return isInHours(now) && pixels > 0 && pixels < trackWidth() ? pixels : trackWidth() / 2;
}

/**
 * Zoom by a factor; what is at `pixels` of the track stays where it is.
 *
 * @param {number} factor
 * @param {number} [pixels]
 */
export function zoomBy(factor, pixels = middle()) {
  const moment = toMoment(scroller.scrollLeft + pixels);
  const before = zoom();
  let wanted = before * factor;
  // Between single visits and summed-up days lies nothing that could be read.
  if (factor < 1 && before >= DETAIL_PIXELS_PER_HOUR && wanted < DETAIL_PIXELS_PER_HOUR && board.days > 1)
    wanted = fittingZoom(trackWidth());
  if (factor > 1 && before < DETAIL_PIXELS_PER_HOUR) wanted = Math.max(wanted, DETAIL_PIXELS_PER_HOUR);
  setZoom(wanted, trackWidth());
  if (zoom() === before) return;
  const left = Math.max(0, Math.min(toPixels(moment) - pixels, fullWidth() - trackWidth()));
  redraw(left);
  scroller.scrollLeft = left;
}

export function fit() {
  setZoom(fittingZoom(trackWidth()), trackWidth());
  redraw();
}

export function goToNow() {
  const now = Date.now();
  const { from, to } = shownSpan();
  if (now < from || now > to) notify("go-to-today");
  else scroller.scrollLeft = toPixels(now) - trackWidth() / 3;
}

/** @param {WheelEvent} event */
function zoomByWheel(event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const pixels = event.clientX - scroller.getBoundingClientRect().left - namesWidth();
  zoomBy(Math.exp(-event.deltaY * 0.002), Math.max(0, pixels));
}
