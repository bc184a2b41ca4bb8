/** What is on the map: routes, jobs, depots, and where technicians were last. */

import { circleMarker, layerGroup, polyline } from "leaflet";
import { element } from "../../dom.js";
import { initials, time } from "../../format.js";
import { text } from "../../texts.js";
import { toastTrouble } from "../../ui/toast.js";
import { colourName, resolved } from "../colours.js";
import { openDepot } from "../find/depot-card.js";
import { openPanel } from "../panels/panel.js";
import { board, isLate, jobOf, pointAt, select } from "../state.js";
import { showJob } from "../timeline/cells.js";
import { Shape } from "./shapes.js";

/**
 * @typedef {import("leaflet").CircleMarker} Mark
 * @typedef {{ layer: import("leaflet").Polyline, signed?: string }} DrawnRoute
 * @typedef {{ layer: Mark, technicianId: string | null, job: OnBoard.Job, late: boolean, signed?: string }} DrawnJob
 */

/** Everything is in one of these, on the map or not yet. */
export const drawn = {
  /** @type {Map<string, DrawnRoute>} */
  routes: new Map(),
  /** @type {Map<string, DrawnJob>} */
  jobs: new Map(),
  others: layerGroup(),
  numbers: layerGroup(),
};

/** @type {import("leaflet").Map} */
let map;

/**
 * Have everything on this map.
 *
 * @param {typeof map} made
 */
export function showOn(made) {
  map = made;
  drawn.others.addTo(map);
  drawn.numbers.addTo(map);
}

export function drawAll() {
  for (const { layer } of [...drawn.routes.values(), ...drawn.jobs.values()]) layer.remove();
  drawn.routes.clear();
  drawn.jobs.clear();
  for (const technician of board.technicians.values()) drawRoutes(technician);
  drawOthers();
}

/** @param {Set<string>} technicianIds */
export function drawSome(technicianIds) {
  for (const [jobId, { layer, technicianId }] of drawn.jobs) {
    if (technicianId !== null && !technicianIds.has(technicianId)) continue;
    layer.remove();
    drawn.jobs.delete(jobId);
  }
  for (const id of technicianIds) {
    drawn.routes.get(id)?.layer.remove();
    drawn.routes.delete(id);
    const technician = board.technicians.get(id);
    if (technician) drawRoutes(technician);
  }
  drawOthers();
}

function drawOthers() {
  drawn.others.clearLayers();
  for (const jobId of board.unassigned.keys()) drawUnassigned(board.jobs.get(jobId));
  for (const depot of board.depots.values()) drawDepot(depot);
  for (const position of board.positions.values()) drawPosition(position);
}

/**
 * @param {{ latitude: number, longitude: number }} place
 * @returns {[number, number]}
 */
const spot = ({ latitude, longitude }) => [latitude, longitude];

/**
 * Where something is that may be nowhere.
 *
 * @param {{ latitude: number | null, longitude: number | null } | undefined} thing
 */
export function spotOf(thing) {
  if (!thing || thing.latitude === null || thing.longitude === null) return null;
  return spot({ latitude: thing.latitude, longitude: thing.longitude });
}

/** @param {Api.BoardTechnician} technician */
function drawRoutes(technician) {
  const colour = resolved(colourName(technician.id));
  const ways = [];
  for (const route of board.routes.get(technician.id) ?? []) {
    const way = [spot(technician)];
    for (const stop of route.stops) {
      const at = spotOf(stop.job_id ? board.jobs.get(stop.job_id) : board.depots.get(stop.depot_id ?? ""));
      if (!at) continue;
      way.push(at);
      if (stop.job_id) drawJob(jobOf(stop.job_id), at, technician, stop, colour);
    }
    way.push(spot(technician));
    ways.push(way);
  }
  if (ways.length === 0) return;
  const layer = polyline(ways, { color: colour, bubblingMouseEvents: false }).addTo(map);
  layer.on("mouseover", () => pointAt({ technicianId: technician.id }));
  layer.on("mouseout", () => pointAt({}));
  layer.on("click", () => {
    select({ technicianId: technician.id });
    openPanel("job");
  });
  layer.bringToBack();
  drawn.routes.set(technician.id, { layer });
}

/**
 * @param {OnBoard.Job} job
 * @param {[number, number]} at
 * @param {Api.BoardTechnician} technician
 * @param {OnBoard.Stop} stop
 * @param {string} colour
 */
function drawJob(job, at, technician, stop, colour) {
  const isOver = ["completed", "cannot_complete"].includes(job.status);
  const late = isLate(stop);
  const layer = circleMarker(at, {
    fillColor: isOver ? resolved("--surface") : colour,
    color: resolved(late ? "--bad" : isOver ? colourName(technician.id) : "--surface"),
    bubblingMouseEvents: false,
  }).addTo(map);
  wireJob(layer, job, () => `${job.id} · ${job.title}\n${time(stop.start_at)} ${technician.name}`);
  drawn.jobs.set(job.id, { layer, technicianId: technician.id, job, late });
}

/** @param {OnBoard.Job | undefined} job */
function drawUnassigned(job) {
  const at = spotOf(job);
  if (!job || !at) return;
  const layer = new Shape(at, {
    shape: "diamond",
    fillColor: resolved("--surface"),
    color: resolved("--warn"),
    bubblingMouseEvents: false,
  }).addTo(map);
  wireJob(layer, job, () => `${job.id} · ${job.title}\n${text("job.unassigned")}`);
  drawn.jobs.set(job.id, { layer, technicianId: null, job, late: false });
}

/**
 * @param {Mark} layer
 * @param {OnBoard.Job} job
 * @param {() => string} words
 */
function wireJob(layer, job, words) {
  layer.on("mouseover", () => pointAt({ jobId: job.id, technicianId: board.placed.get(job.id)?.technicianId ?? null }));
  layer.on("mouseout", () => pointAt({}));
  layer.on("click", () => {
    select({ jobId: job.id });
    showJob(job.id);
    openPanel("job");
  });
  layer.bindTooltip(() => tooltip(words()), { direction: "top", opacity: 1 });
}

/**
 * Text of jobs is never markup: each line an element of its own.
 *
 * @param {string} words
 */
const tooltip = (words) =>
  element(
    "div",
    {},
    words.split("\n").map((line) => element("div", {}, line)),
  );

/** @param {Api.BoardDepot} depot */
function drawDepot(depot) {
  new Shape(spot(depot), {
    shape: "square",
    radius: 6,
    fillColor: resolved("--ink"),
    fillOpacity: 1,
    color: resolved("--surface"),
    weight: 2,
  })
    .bindTooltip(() => tooltip(depot.name), { direction: "top", opacity: 1 })
    .on("click", () => openDepot(depot.id).catch(toastTrouble))
    .addTo(drawn.others);
}

/** @param {Api.BoardPosition} position */
function drawPosition(position) {
  const technician = board.technicians.get(position.technician_id);
  if (!technician) return;
  new Shape(spot(position), {
    shape: "triangle",
    label: initials(technician.name),
    halo: resolved("--surface"),
    radius: 7,
    fillColor: resolved(colourName(technician.id)),
    fillOpacity: 1,
    color: resolved("--ink"),
    weight: 2,
  })
    .bindTooltip(() => tooltip(`${technician.name}\n${text("map.seen_at", { time: time(position.at) })}`), { direction: "top", opacity: 1 })
    .addTo(drawn.others);
}
