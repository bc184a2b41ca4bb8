/** The keyboard in the time line, and shortcuts that hold everywhere. */

import { byId, element } from "../dom.js";
import { text } from "../texts.js";
import { cancelMove, isMoving, moveByKey, pickUp } from "./drag.js";
import { openPanel } from "./panel.js";
import { notify, select } from "./state.js";
import { cellsOf, fit, focus, goToNow, open, order, ROW_HEIGHT, scroller, setFocus, zoomBy } from "./timeline.js";

const KEPT_AS = "single-keys";

/** Keys of the time line by what they do; also the table that `?` shows. */
const TABLE = [
  ["← →", "keys.stops"], ["↑ ↓", "keys.rows"], ["Home End", "keys.ends"], ["Ctrl + Home/End", "keys.first_last"], ["Page ↑ ↓", "keys.pages"],
  ["Enter", "keys.open"], ["M", "keys.move"], ["Esc", "keys.escape"],
  ["+ −", "keys.zoom"], ["0", "keys.fit"], ["N", "keys.now"], ["[ ]", "keys.days"], ["D W", "keys.views"],
  ["/", "keys.search"], ["J U", "keys.panels"], ["?", "keys.help"],
];

const SINGLE = {
  "+": () => zoomBy(1.5),
  "=": () => zoomBy(1.5),
  "-": () => zoomBy(1 / 1.5),
  0: fit,
  n: goToNow,
  "[": () => notify("step-day", -1),
  "]": () => notify("step-day", 1),
  d: () => notify("view", 1),
  w: () => notify("view", 7),
  "/": () => byId("search").select(),
  j: () => openPanel("job", { focus: true }),
  u: () => openPanel("unassigned", { focus: true }),
  "?": showHelp,
};

export function wireKeys() {
  byId("timeline").addEventListener("keydown", inGrid);
  document.addEventListener("keydown", anywhere);
  byId("shortcuts").addEventListener("click", showHelp);
}

function inGrid(event) {
  if (!event.target.closest("[role=grid]")) return;
  if (isMoving()) {
    if (moveByKey(event.key, event)) event.preventDefault();
    return;
  }
  const act = gridAction(event);
  if (!act) return;
  event.preventDefault();
  act();
}

function gridAction(event) {
  const page = Math.max(1, Math.floor(scroller.clientHeight / ROW_HEIGHT) - 2);
  switch (event.key) {
    case "ArrowRight": return () => step(1);
    case "ArrowLeft": return () => step(-1);
    case "ArrowDown": return () => toRow(1);
    case "ArrowUp": return () => toRow(-1);
    case "PageDown": return () => toRow(page);
    case "PageUp": return () => toRow(-page);
    case "Home": return () => (event.ctrlKey ? setFocus(order[0]) : setFocus(focus.technicianId));
    case "End": return () => (event.ctrlKey ? setFocus(order.at(-1)) : setFocus(focus.technicianId, cellsOf(focus.technicianId).at(-1).key));
    case "Enter": case " ": return open;
    case "Escape": return () => select({});
    case "m": case "M": return areSingleKeysOn() ? () => focus.key.startsWith("job:") && pickUp(focus.key.slice(4)) : null;
    default: return null;
  }
}

function step(by) {
  const cells = cellsOf(focus.technicianId);
  const at = cells.findIndex((cell) => cell.key === focus.key);
  setFocus(focus.technicianId, cells[Math.max(0, Math.min(cells.length - 1, at + by))].key);
}

/** To another row, to what is there at about the same time. */
function toRow(by) {
  const at = Math.max(0, Math.min(order.length - 1, order.indexOf(focus.technicianId) + by));
  const here = cellsOf(focus.technicianId).find((cell) => cell.key === focus.key);
  if (!here?.from) return setFocus(order[at]);
  const middle = (here.from + here.to) / 2;
  const away = (cell) => Math.max(cell.from - middle, middle - cell.to, 0);
  const [, ...cells] = cellsOf(order[at]);
  const nearest = cells.reduce((best, cell) => (best && away(best) <= away(cell) ? best : cell), null);
  return setFocus(order[at], nearest?.key ?? "header");
}

function anywhere(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isMoving()) return cancelMove();
  if (!areSingleKeysOn() || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const act = SINGLE[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

/** Who speaks to the machine or types by accident can switch single keys off. */
const areSingleKeysOn = () => localStorage.getItem(KEPT_AS) !== "off";

function showHelp() {
  const on = element("input", { type: "checkbox", onchange: ({ target }) => localStorage.setItem(KEPT_AS, target.checked ? "on" : "off") });
  on.checked = areSingleKeysOn();
  const dialog = element("dialog", { class: "help", "aria-labelledby": "help-title", onclose: () => dialog.remove() },
    element("h2", { id: "help-title" }, text("shortcuts.title")),
    element("dl", {}, TABLE.map(([keys, what]) => element("div", {}, element("dt", {}, element("kbd", {}, keys)), element("dd", {}, text(what))))),
    element("p", { class: "soft" }, text("shortcuts.mouse")),
    element("label", { class: "inline" }, on, text("shortcuts.single")),
    element("form", { method: "dialog" }, element("button", { class: "main" }, text("close"))));
  document.body.append(dialog);
  dialog.showModal();
}
