/**
 * The map: each technician's route in the colour of the row, sites, depots, where technicians were
 * last, and what is in nobody's route. Without tiles it is drawn on a plain ground.
 */

import { byId, element, svg } from "../dom.js";
import { time } from "../format.js";
import { text } from "../texts.js";
import { colourName, onThemeChange, resolved } from "./colours.js";
import { isFiltered, matchesJob, shownTechnicians } from "./filters.js";
import { openPanel } from "./panel.js";
import { Shape } from "./shapes.js";
import { board, hover, isLate, pointAt, reader, select, selection, subscribe } from "./state.js";
import { showJob } from "./timeline.js";
import { canvas, circleMarker, control, divIcon, latLngBounds, layerGroup, map as makeMap, marker, polyline, tileLayer } from "/pages/leaflet/leaflet-src.esm.js";

let map = null;
let fitted = null;
let framed = 0;
const drawn = { routes: new Map(), jobs: new Map(), others: null, numbers: null };

export function mountMap() {
  const node = byId("map");
  map = makeMap(node, { renderer: canvas({ padding: 0.3, tolerance: 4 }), preferCanvas: true, zoomControl: false, attributionControl: false, zoomSnap: 0.25, center: [0, 0], zoom: 2 });
  control.zoom({ zoomInTitle: text("zoom.in"), zoomOutTitle: text("zoom.out") }).addTo(map);
  if (reader.session.tile_url) tileLayer(reader.session.tile_url, { maxZoom: 19 }).addTo(map);
  drawn.others = layerGroup().addTo(map);
  drawn.numbers = layerGroup().addTo(map);
  node.append(legend());
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(node);
  map.on("click", () => select({}));
  subscribe("board", (technicianIds) => soon(technicianIds ?? EVERYBODY));
  for (const topic of ["filters", "selection", "hover"]) subscribe(topic, () => soon(NOBODY));
  subscribe("selection", bringIntoView);
  onThemeChange(() => soon(EVERYBODY));
}

let wanted = null;
/** After the next paint, whatever has changed: the time line goes first. */
function soon(technicianIds) {
  wanted = mergedWish(wanted, technicianIds);
  framed ||= requestAnimationFrame(() => setTimeout(() => {
    framed = 0;
    const now = wanted;
    wanted = null;
    if (now === EVERYBODY) drawAll();
    else if (now.size) drawSome(now);
    restyle();
  }));
}

/** Whose routes are to be drawn anew: everybody's, some, or nobody's. */
const EVERYBODY = Symbol("everybody");
const NOBODY = new Set();
function mergedWish(one, other) {
  if (one === EVERYBODY || other === EVERYBODY) return EVERYBODY;
  return new Set([...(one ?? NOBODY), ...other]);
}

function drawAll() {
  for (const { layer } of [...drawn.routes.values(), ...drawn.jobs.values()]) layer.remove();
  drawn.routes.clear();
  drawn.jobs.clear();
  for (const technician of board.technicians.values()) drawRoutes(technician);
  drawOthers();
  const shown = `${board.day}+${board.days}`;
  if (fitted !== shown) fitToAll();
  fitted = shown;
}

function drawSome(technicianIds) {
  for (const [jobId, { layer, technicianId }] of drawn.jobs) {
    if (technicianId !== null && !technicianIds.has(technicianId)) continue;
    layer.remove();
    drawn.jobs.delete(jobId);
  }
  for (const id of technicianIds) {
    drawn.routes.get(id)?.layer.remove();
    drawn.routes.delete(id);
    if (board.technicians.has(id)) drawRoutes(board.technicians.get(id));
  }
  drawOthers();
}

function drawOthers() {
  drawn.others.clearLayers();
  for (const jobId of board.unassigned.keys()) drawUnassigned(board.jobs.get(jobId));
  for (const depot of board.depots.values()) drawDepot(depot);
  for (const position of board.positions.values()) drawPosition(position);
}

function fitToAll() {
  const points = [...drawn.jobs.values()].map(({ layer }) => layer.getLatLng());
  if (points.length) map.fitBounds(latLngBounds(points), { padding: [24, 24], animate: false });
}

const spot = (thing) => [thing.latitude, thing.longitude];

function drawRoutes(technician) {
  const colour = resolved(colourName(technician.id));
  const ways = [];
  for (const route of board.routes.get(technician.id) ?? []) {
    const way = [spot(technician)];
    for (const stop of route.stops) {
      const place = stop.job_id ? board.jobs.get(stop.job_id) : stop.depot_id ? board.depots.get(stop.depot_id) : null;
      if (!place || place.latitude === null) continue;
      way.push(spot(place));
      if (stop.job_id) drawJob(place, technician.id, stop, colour);
    }
    way.push(spot(technician));
    ways.push(way);
  }
  if (ways.length === 0) return;
  const layer = polyline(ways, { color: colour, bubblingMouseEvents: false }).addTo(map);
  layer.on("mouseover", () => pointAt({ technicianId: technician.id }));
  layer.on("mouseout", () => pointAt({}));
  layer.on("click", () => { select({ technicianId: technician.id }); openPanel("job"); });
  layer.bringToBack();
  drawn.routes.set(technician.id, { layer });
}

function drawJob(job, technicianId, stop, colour) {
  const isOver = ["completed", "cannot_complete"].includes(job.status);
  const late = isLate(stop);
  const layer = circleMarker(spot(job), {
    fillColor: isOver ? resolved("--surface") : colour,
    color: resolved(late ? "--bad" : isOver ? colourName(technicianId) : "--surface"),
    bubblingMouseEvents: false,
  }).addTo(map);
  wireJob(layer, job, () => `${job.id} · ${job.title}\n${time(stop.start_at)} ${board.technicians.get(technicianId).name}`);
  drawn.jobs.set(job.id, { layer, technicianId, job, late });
}

function drawUnassigned(job) {
  if (!job || job.latitude === null) return;
  const layer = new Shape(spot(job), { shape: "diamond", fillColor: resolved("--surface"), color: resolved("--warn"), bubblingMouseEvents: false }).addTo(map);
  wireJob(layer, job, () => `${job.id} · ${job.title}\n${text("job.unassigned")}`);
  drawn.jobs.set(job.id, { layer, technicianId: null, job, late: false });
}

function wireJob(layer, job, words) {
  layer.on("mouseover", () => pointAt({ jobId: job.id, technicianId: board.placed.get(job.id)?.technicianId ?? null }));
  layer.on("mouseout", () => pointAt({}));
  layer.on("click", () => { select({ jobId: job.id }); showJob(job.id); openPanel("job"); });
  layer.bindTooltip(() => tooltip(words()), { direction: "top", opacity: 1 });
}

/** Text of jobs is never markup: each line an element of its own. */
const tooltip = (words) => element("div", {}, words.split("\n").map((line) => element("div", {}, line)));

function drawDepot(depot) {
  new Shape(spot(depot), { shape: "square", radius: 6, fillColor: resolved("--ink"), fillOpacity: 1, color: resolved("--surface"), weight: 2 })
    .bindTooltip(() => tooltip(depot.name), { direction: "top", opacity: 1 })
    .addTo(drawn.others);
}

function drawPosition(position) {
  const technician = board.technicians.get(position.technician_id);
  if (!technician) return;
  new Shape(spot(position), { shape: "triangle", radius: 7, fillColor: resolved(colourName(technician.id)), fillOpacity: 1, color: resolved("--ink"), weight: 2 })
    .bindTooltip(() => tooltip(`${technician.name}\n${text("map.seen_at", { time: time(position.at) })}`), { direction: "top", opacity: 1 })
    .addTo(drawn.others);
}

/** What is chosen or pointed at stands out; the rest steps back, and what the filters rule out goes. */
function restyle() {
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
    const isGone = isBack && !isFree && !shown.has(technicianId);
    style(mark, {
      radius: isPointedAt ? 9 : isFree || isTheirs ? 7 : 5,
      weight: isPointedAt ? 3.5 : late ? 3 : isFree ? 2.5 : 1.5,
      opacity: isGone ? 0 : isBack ? 0.3 : 1,
      fillOpacity: isGone ? 0 : isBack ? 0.25 : 1,
    }, isPointedAt || isTheirs);
  }
  number(chosen);
}

function bringIntoView() {
  const mark = drawn.jobs.get(selection.jobId);
  if (mark && !map.getBounds().contains(mark.layer.getLatLng())) map.panTo(mark.layer.getLatLng(), { animate: false });
}

/** Only what differs is drawn anew. */
function style(mark, wanted, isInFront) {
  const signed = `${Object.values(wanted)} ${isInFront}`;
  if (mark.signed === signed) return;
  mark.signed = signed;
  mark.layer.setStyle(wanted);
  if (isInFront) mark.layer.bringToFront();
}

let numbered = null;
/** The sites of the chosen technician, in the order in which they are gone to. */
function number(technicianId) {
  const routes = board.routes.get(technicianId) ?? null;
  if (numbered === routes) return;
  numbered = routes;
  drawn.numbers.clearLayers();
  const visits = (routes ?? []).flatMap((route) => route.stops).filter((stop) => stop.job_id && board.jobs.get(stop.job_id).latitude !== null);
  visits.forEach((stop, index) => {
    const label = element("span", { class: "site-number numbers", style: { "--route": `var(${colourName(technicianId)})` } }, String(index + 1));
    marker(spot(board.jobs.get(stop.job_id)), { icon: divIcon({ html: label, className: "site-icon", iconSize: [20, 20] }), interactive: false, keyboard: false }).addTo(drawn.numbers);
  });
}

function legend() {
  const mark = (shape, className) => svg("svg", { class: className, viewBox: "-2 -2 4 4", width: 14, height: 14, "aria-hidden": "true" }, shape);
  const round = () => svg("circle", { r: 1.2 });
  const corners = (points) => svg("polygon", { points });
  const lines = [
    [mark(round(), "legend-visit"), "map.visit"],
    [mark(round(), "legend-over"), "map.over"],
    [mark(round(), "legend-late"), "map.late"],
    [mark(corners("0,-1.5 1.500,0 0,1.5 -1.5,0"), "legend-unassigned"), "map.unassigned"],
    [mark(corners("-1.200,-1.200 1.200,-1.200 1.200,1.200 -1.200,1.200"), "legend-depot"), "map.depot"],
    [mark(corners("0,-1.400 1.400,1.200 -1.400,1.200"), "legend-position"), "map.position"],
  ];
  const details = element("details", { class: "legend leaflet-control", onclick: (event) => event.stopPropagation() },
    element("summary", {}, text("map.legend")),
    element("ul", {}, lines.map(([drawing, key]) => element("li", {}, drawing, text(key)))));
  return details;
}
