/** The ground of a map: streets, if the service has an address for them, and buttons to zoom. */

import { control, map as makeMap, tileLayer } from "leaflet";
import { text } from "../../texts.js";
import { signedIn } from "../state.js";

/**
 * @param {HTMLElement} node
 * @param {import("leaflet").MapOptions} [options]
 */
export function groundIn(node, options = {}) {
  const map = makeMap(node, { zoomControl: false, attributionControl: false, center: [0, 0], zoom: 2, ...options });
  control.zoom({ zoomInTitle: text("zoom.in"), zoomOutTitle: text("zoom.out") }).addTo(map);
  const { tile_url: tiles } = signedIn();
  if (tiles) tileLayer(tiles, { maxZoom: 19 }).addTo(map);
  return map;
}
