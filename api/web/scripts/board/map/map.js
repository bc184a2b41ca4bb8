/**
 * The map: each technician's route in the colour of the row, sites, depots, where technicians were
 * last, and what is in nobody's route. Without tiles it is drawn on a plain ground.
 */

import { canvas, latLngBounds } from "leaflet";
import { byId } from "../../dom.js";
import { onThemeChange } from "../colours.js";
import { board, select, selection, subscribe } from "../state.js";
import { restyle } from "./emphasis.js";
import { groundIn } from "./ground.js";
import { legend } from "./legend.js";
import { drawAll, drawn, drawSome, showOn } from "./marks.js";

/** A day may have one place alone, which could be looked at from ever nearer. */
const CLOSEST = 16;
const EVERYBODY = Symbol("everybody");
/** @type {Set<string>} */
const NOBODY = new Set();
/**
 * Whose routes are to be drawn anew: everybody's, some, or nobody's.
 *
 * @typedef {typeof EVERYBODY | Set<string>} Wish
 */

/** @type {import("leaflet").Map} */
let map;
/** @type {string | null} */
let fitted = null;
let framed = 0;
/** @type {Wish | null} */
let wanted = null;

export function mountMap() {
  const node = byId("map");
  map = groundIn(node, { renderer: canvas({ padding: 0.3, tolerance: 4 }), preferCanvas: true, zoomSnap: 0.25 });
  showOn(map);
  node.append(legend());
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(node);
  map.on("click", () => select({}));
  subscribe("board", (technicianIds) => soon(technicianIds ?? EVERYBODY));
  for (const topic of ["filters", "selection", "hover"]) subscribe(topic, () => soon(NOBODY));
  subscribe("selection", bringIntoView);
  onThemeChange(() => soon(EVERYBODY));
}

/**
 * After the next paint, whatever has changed: the time line goes first.
 *
 * @param {Wish} technicianIds
 */
function soon(technicianIds) {
  wanted = mergedWish(wanted, technicianIds);
  framed ||= requestAnimationFrame(() =>
    setTimeout(() => {
      framed = 0;
      const now = wanted;
      wanted = null;
      if (now === EVERYBODY) {
        drawAll();
        fitToDays();
      } else if (now?.size) drawSome(now);
      restyle();
    }),
  );
}

/**
 * @param {Wish | null} one
 * @param {Wish} other
 * @returns {Wish}
 */
function mergedWish(one, other) {
  if (one === EVERYBODY || other === EVERYBODY) return EVERYBODY;
  return new Set([...(one ?? NOBODY), ...other]);
}

/** Other days are elsewhere. */
function fitToDays() {
  const shown = `${board.day}+${board.days}`;
  if (fitted === shown) return;
  fitted = shown;
  const points = [...drawn.jobs.values()].map(({ layer }) => layer.getLatLng());
  if (points.length) map.fitBounds(latLngBounds(points), { padding: [24, 24], animate: false, maxZoom: CLOSEST });
}

function bringIntoView() {
  const mark = drawn.jobs.get(selection.jobId ?? "");
  if (mark && !map.getBounds().contains(mark.layer.getLatLng())) map.panTo(mark.layer.getLatLng(), { animate: false });
}
