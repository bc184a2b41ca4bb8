/** Marks on the map's canvas, told apart by shape as well as by colour. */

import { CircleMarker } from "leaflet";

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

/** Pixels around the middle within which a label is drawn. */
const LABEL_REACH = 24;
const LABEL_FONT = "700 11px system-ui, sans-serif";

/**
 * A mark whose `shape` is `diamond`, `square` or `triangle`, with a `label` of a letter or two below
 * it, in the colours of its edge on that of its `halo`. Only for canvases.
 *
 * @typedef {import("leaflet").CircleMarkerOptions & { shape: string, label?: string, halo?: string }} ShapeOptions
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
    const { label, halo, color } = this.options;
    if (label) write(context, label, { at: this._point, below: radius, halo, ink: color });
  },

  /** @this {any} */
  _updateBounds() {
    /** @type {any} */ (CircleMarker.prototype)._updateBounds.call(this);
    if (!this.options.label) return;
    // What is drawn outside of them is not wiped away again.
    for (const reach of [LABEL_REACH, -LABEL_REACH]) this._pxBounds.extend(this._point.add([reach, reach]));
  },
});

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} words
 * @param {{ at: { x: number, y: number }, below: number, halo: string, ink: string }} how
 */
function write(context, words, { at, below, halo, ink }) {
  context.save();
  context.globalAlpha = 1;
  context.font = LABEL_FONT;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = halo;
  context.strokeText(words, at.x, at.y + below);
  context.fillStyle = ink;
  context.fillText(words, at.x, at.y + below);
  context.restore();
}
