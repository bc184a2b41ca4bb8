/** The technicians' colours: the same in the time line and on the map, in light and dark. */

import { board, subscribe } from "./state.js";

const COUNT = 12;
/** @type {Map<string, number>} */
let numbers = new Map();

subscribe("board", (technicianIds) => {
  if (technicianIds !== null && numbers.size === board.technicians.size) return;
  numbers = new Map([...board.technicians.keys()].sort().map((id, index) => [id, index % COUNT]));
});

/**
 * The custom property of a technician's colour, for `var(…)`.
 *
 * @param {string} technicianId
 */
export const colourName = (technicianId) => `--route-${numbers.get(technicianId) ?? 0}`;

/**
 * What a custom property comes to at the moment: canvases know no `var(…)`.
 *
 * @param {string} name
 * @returns {string}
 */
export function resolved(name) {
  if (!known.has(name)) {
    probe.style.setProperty("color", `var(${name})`);
    known.set(name, getComputedStyle(probe).color);
  }
  return known.get(name) ?? "";
}

/** @type {Map<string, string>} */
const known = new Map();

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

/**
 * Call the listener whenever light becomes dark or the other way round.
 *
 * @param {() => void} listener
 */
export function onThemeChange(listener) {
  const changed = () => {
    known.clear();
    listener();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  new MutationObserver(changed).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
