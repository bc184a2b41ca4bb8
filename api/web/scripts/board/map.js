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
let colours = {};

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
  for (const topic of ["board", "filters"]) subscribe(topic, () => soon(drawAll));
  for (const topic of ["selection", "hover"]) subscribe(topic, () => soon(restyle));
  onThemeChange(() => soon(drawAll));
}

let wanted = null;
/** Once per frame, whatever has changed; drawing all includes styling all. */
function soon(draw) {
  if (wanted !== drawAll) wanted = draw;
  framed ||= requestAnimationFrame(() => {
    framed = 0;
    const now = wanted;
    wanted = null;
    now();
  });
}

function drawAll() {
  colours = Object.fromEntries(["--ink", "--ink-soft", "--surface", "--bad", "--warn", "--line-strong"].map((name) => [name, resolved(name)]));
  for (const group of [drawn.routes, drawn.jobs]) {
    for (const { layer } of group.values()) layer.remove();
    group.clear();
  }
  drawn.others.clearLayers();
  for (const technician of shownTechnicians()) drawRoutes(technician);
  for (const jobId of board.unassigned.keys()) drawUnassigned(board.jobs.get(jobId));
  for (const depot of board.depots.values()) drawDepot(depot);
  for (const position of board.positions.values()) drawPosition(position);
  restyle();
  const shown = `${board.day}+${board.days}`;
  if (fitted !== shown) fitToAll();
  fitted = shown;
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
  const layer = polyline(ways, { color: colour, interactive: true, bubblingMouseEvents: false }).addTo(map);
  layer.on("mouseover", () => pointAt({ technicianId: technician.id }));
  layer.on("mouseout", () => pointAt({}));
  layer.on("click", () => { select({ technicianId: technician.id }); openPanel("job"); });
  layer.bringToBack();
  drawn.routes.set(technician.id, { layer, technicianId: technician.id });
}

function drawJob(job, technicianId, stop, colour) {
  const isOver = ["completed", "cannot_complete"].includes(job.status);
  const layer = circleMarker(spot(job), { fillColor: isOver ? colours["--surface"] : colour, color: isLate(stop) ? colours["--bad"] : isOver ? colour : colours["--surface"], bubblingMouseEvents: false }).addTo(map);
  wireJob(layer, job, () => `${job.id} · ${job.title}\n${time(stop.start_at)} ${board.technicians.get(technicianId).name}`);
  drawn.jobs.set(job.id, { layer, technicianId, job, late: isLate(stop) });
}

function drawUnassigned(job) {
  if (!job || job.latitude === null) return;
  const layer = new Shape(spot(job), { shape: "diamond", radius: 7, fillColor: colours["--surface"], fillOpacity: 1, color: colours["--warn"], weight: 2.5, bubblingMouseEvents: false }).addTo(map);
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
  new Shape(spot(depot), { shape: "square", radius: 6, fillColor: colours["--ink"], fillOpacity: 1, color: colours["--surface"], weight: 2 })
    .bindTooltip(() => tooltip(depot.name), { direction: "top", opacity: 1 })
    .addTo(drawn.others);
}

function drawPosition(position) {
  const technician = board.technicians.get(position.technician_id);
  if (!technician) return;
  new Shape(spot(position), { shape: "triangle", radius: 7, fillColor: resolved(colourName(technician.id)), fillOpacity: 1, color: colours["--ink"], weight: 2 })
    .bindTooltip(() => tooltip(`${technician.name}\n${text("map.seen_at", { time: time(position.at) })}`), { direction: "top", opacity: 1 })
    .addTo(drawn.others);
}

/** What is chosen or pointed at stands out; the rest steps back. */
function restyle() {
  const chosen = selection.technicianId;
  for (const { layer, technicianId } of drawn.routes.values()) {
    const isChosen = technicianId === chosen || technicianId === hover.technicianId;
    const isBack = (chosen !== null && !isChosen) || isFiltered();
    layer.setStyle({ weight: isChosen ? 3.5 : 1.5, opacity: isChosen ? 1 : isBack ? 0.15 : 0.55 });
    if (isChosen) layer.bringToFront();
  }
  for (const [jobId, { layer, technicianId, job, late }] of drawn.jobs) {
    const isPointedAt = jobId === selection.jobId || jobId === hover.jobId;
    const isBack = !matchesJob(job) || (chosen !== null && technicianId !== chosen && technicianId !== null);
    if (technicianId !== null) layer.setRadius(isPointedAt ? 9 : technicianId === chosen ? 7 : 5);
    else layer.setRadius(isPointedAt ? 10 : 7);
    layer.setStyle({ weight: isPointedAt ? 3.5 : late ? 3 : technicianId === null ? 2.5 : 1.5, opacity: isBack && !isPointedAt ? 0.3 : 1, fillOpacity: isBack && !isPointedAt ? 0.25 : 1 });
    if (isPointedAt || (technicianId !== null && technicianId === chosen)) layer.bringToFront();
  }
  number(chosen);
}

/** The sites of the chosen technician, in the order in which they are gone to. */
function number(technicianId) {
  drawn.numbers.clearLayers();
  if (technicianId === null) return;
  const visits = (board.routes.get(technicianId) ?? []).flatMap((route) => route.stops).filter((stop) => stop.job_id && board.jobs.get(stop.job_id).latitude !== null);
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
