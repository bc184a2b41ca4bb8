/** Putting a place on a map by hand: two fields for coordinates have a map beneath them. */

import { circleMarker, latLngBounds } from "leaflet";
import { element } from "../../dom.js";
import { text } from "../../texts.js";
import { resolved } from "../colours.js";
import { board, signedIn } from "../state.js";
import { groundIn } from "./ground.js";
import { spotOf } from "./marks.js";

/** About a metre. */
const DIGITS = 5;
/** Near enough to tell one house from the next. */
const NEAR = 16;
/** Without streets: so that something else that is known is in sight. */
const AROUND = 13;

/**
 * A button that opens the map, and what it opens. A click on it sets both fields; so does "take the
 * middle", for those who move the map by its keys.
 *
 * @param {HTMLInputElement} latitude
 * @param {HTMLInputElement} longitude
 */
export function pointPicker(latitude, longitude) {
  const ground = element("section", { class: "point-map", "aria-label": text("point.label") });
  const middle = element("button", { type: "button", class: "small", onclick: () => put(map?.getCenter()) }, text("point.middle"));
  const opened = element(
    "div",
    { class: "point-picker", hidden: true },
    element("p", { class: "soft" }, text("point.help")),
    ground,
    middle,
  );
  const toggle = element("button", { type: "button", class: "small", "aria-expanded": "false", onclick: turn }, text("point.open"));
  /** @type {import("leaflet").Map | null} */
  let map = null;
  /** @type {import("leaflet").CircleMarker | null} */
  let mark = null;

  for (const input of [latitude, longitude]) input.addEventListener("input", draw);

  function turn() {
    opened.hidden = !opened.hidden;
    toggle.setAttribute("aria-expanded", String(!opened.hidden));
    toggle.textContent = text(opened.hidden ? "point.open" : "point.close");
    if (opened.hidden) return;
    map ??= made();
    map.invalidateSize({ animate: false });
    look(map);
    draw();
  }

  function made() {
    const one = groundIn(ground);
    // Without streets, what else is there tells where one is.
    for (const [things, colour, radius] of /** @type {const} */ ([
      [board.jobs.values(), "--ink-soft", 3],
      [board.depots.values(), "--ink", 6],
    ]))
      for (const thing of things) {
        const at = spotOf(thing);
        if (at) circleMarker(at, { radius, color: resolved(colour), interactive: false }).addTo(one);
      }
    one.on("click", ({ latlng }) => put(latlng));
    return one;
  }

  /** @param {import("leaflet").Map} on */
  function look(on) {
    const here = typed();
    if (here) return on.setView(here, signedIn().tile_url ? NEAR : AROUND, { animate: false });
    const known = [...board.jobs.values(), ...board.depots.values()].map(spotOf).filter((one) => one !== null);
    if (known.length) on.fitBounds(latLngBounds(known), { animate: false, maxZoom: NEAR });
    return on;
  }

  /**
   * What stands in the fields, if it is a place.
   *
   * @returns {[number, number] | null}
   */
  function typed() {
    if (!latitude.value || !longitude.value) return null;
    const [north, east] = [Number(latitude.value), Number(longitude.value)];
    return Math.abs(north) <= 90 && Math.abs(east) <= 180 ? [north, east] : null;
  }

  /** @param {{ lat: number, lng: number } | undefined} point */
  function put(point) {
    if (!point) return;
    latitude.value = point.lat.toFixed(DIGITS);
    longitude.value = point.lng.toFixed(DIGITS);
    // As if they were typed: the form is kept, and what was called wrong no longer is.
    for (const input of [latitude, longitude]) input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function draw() {
    mark?.remove();
    const here = typed();
    if (map && here) mark = circleMarker(here, { radius: 8, color: resolved("--accent"), weight: 4, interactive: false }).addTo(map);
  }

  return element("div", { class: "field" }, toggle, opened);
}
