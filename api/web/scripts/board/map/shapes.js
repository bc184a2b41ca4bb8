/** Marks on the map's canvas, told apart by shape as well as by colour. */

import { CircleMarker } from "/pages/leaflet/leaflet-src.esm.js";

/**
 * Corners around the middle, for a radius of one.
 *
 * @type {Record<string, [right: number, down: number][]>}
 */
const CORNERS = {
  diamond: [
    [0, -1.25],
    [1.25, 0],
    [0, 1.25],
    [-1.25, 0],
  ],
  square: [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ],
  triangle: [
    [0, -1.3],
    [1.2, 0.95],
    [-1.2, 0.95],
  ],
};

/**
 * A mark whose `shape` is `diamond`, `square` or `triangle`. Only for canvases.
 *
 * @typedef {import("/pages/leaflet/leaflet-src.esm.js").CircleMarkerOptions & { shape: string }} ShapeOptions
 * @type {new (at: [number, number], options: ShapeOptions) => CircleMarker}
 */
export const Shape = CircleMarker.extend({
  /** @this {any} what Leaflet's own marks are drawn with is not typed */
  _updatePath() {
    const renderer = this._renderer;
    if (!renderer._drawing || this._empty()) return;
    const context = renderer._ctx;
    const radius = this._radius;
    context.beginPath();
    for (const [right, down] of CORNERS[this.options.shape] ?? []) {
      context.lineTo(this._point.x + right * radius, this._point.y + down * radius);
    }
    context.closePath();
    renderer._fillStroke(context, this);
  },
});
