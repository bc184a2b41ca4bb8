/** What the marks on the map mean. */

import { element, svg } from "../../dom.js";
import { text } from "../../texts.js";

export function legend() {
  /**
   * @param {SVGElement} shape
   * @param {string} className
   */
  const mark = (shape, className) =>
    svg("svg", { class: className, viewBox: "-2 -2 4 4", width: 14, height: 14, "aria-hidden": "true" }, shape);
  const round = () => svg("circle", { r: 1.2 });
  const corners = (/** @type {string} */ points) => svg("polygon", { points });
  /** @type {[SVGElement, string][]} */
  const lines = [
    [mark(round(), "legend-visit"), "map.visit"],
    [mark(round(), "legend-over"), "map.over"],
    [mark(round(), "legend-late"), "map.late"],
    [mark(corners("0,-1.5 1.500,0 0,1.5 -1.5,0"), "legend-unassigned"), "map.unassigned"],
    [mark(corners("-1.200,-1.200 1.200,-1.200 1.200,1.200 -1.200,1.200"), "legend-depot"), "map.depot"],
    [mark(corners("0,-1.400 1.400,1.200 -1.400,1.200"), "legend-position"), "map.position"],
  ];
  const details = element(
    "details",
    { class: "legend leaflet-control", onclick: (event) => event.stopPropagation() },
    element("summary", {}, text("map.legend")),
    element(
      "ul",
      {},
      lines.map(([drawing, key]) => element("li", {}, drawing, text(key))),
    ),
  );
  return details;
}
