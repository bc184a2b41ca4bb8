/** The buttons by which a technician reports: those of the stop shown large, and those of a line. */

import { element } from "../dom.js";
import { text } from "../texts.js";
import { isOver } from "./day.js";
import { icon } from "./icons.js";
import { titleOf } from "./stops.js";

/** @type {Record<string, Api.ReportKind>} */
const NEXT = { en_route: "on_site", on_site: "completed" };
/** @type {Record<string, import("./icons.js").IconName>} */
const DRAWING = { en_route: "car", on_site: "place", completed: "check" };

/**
 * @param {OnPhone.Item} item
 * @param {OnPhone.Deeds} deeds
 */
export function mainActions({ stop, key }, deeds) {
  if (stop.kind === "depot")
    return [
      action({
        main: true,
        focusKey: "main-action",
        drawing: "check",
        words: text("action.fetched"),
        onclick: () => deeds.tick(key, true),
      }),
    ];
  const next = NEXT[stop.status ?? ""] ?? "en_route";
  const place = text("action.whom", { what: titleOf(stop), name: stop.name ?? "" });
  return [
    next === "en_route"
      ? action({ words: text("action.already_there"), label: place, onclick: () => deeds.report("on_site", stop) })
      : null,
    next === "completed" || next === "on_site"
      ? action({ words: text("action.cannot_complete"), label: place, onclick: () => deeds.report("cannot_complete", stop) })
      : null,
    action({
      main: true,
      focusKey: "main-action",
      drawing: DRAWING[next],
      words: text(`action.${next}`),
      label: place,
      isGood: next === "completed",
      onclick: () => deeds.report(next, stop),
    }),
  ];
}

/**
 * @param {OnPhone.Item} item
 * @param {OnPhone.Deeds} deeds
 */
export function lineActions({ stop, key, state }, deeds) {
  if (stop.kind === "depot")
    return element(
      "div",
      { class: "pair" },
      action({ words: text(state === "over" ? "action.not_fetched" : "action.fetched"), onclick: () => deeds.tick(key, state !== "over") }),
    );
  if (stop.kind !== "visit" || isOver(stop)) return null;
  const next = NEXT[stop.status ?? ""] ?? "en_route";
  return element(
    "div",
    { class: "pair" },
    action({ drawing: DRAWING[next], words: text(`action.${next}`), label: stop.name, onclick: () => deeds.report(next, stop) }),
    action({ words: text("action.cannot_complete"), label: stop.name, onclick: () => deeds.report("cannot_complete", stop) }),
  );
}

/** @param {{ words: string, label?: string | null, drawing?: import("./icons.js").IconName, focusKey?: string, onclick: () => unknown, main?: boolean, isGood?: boolean }} looks */
function action({ words, label, drawing, focusKey, onclick, main = false, isGood = false }) {
  const classes = main ? `main huge ${isGood ? "good" : ""}` : "big";
  return element(
    "button",
    { class: classes, onclick, dataset: focusKey ? { focusKey } : {} },
    drawing ? icon(drawing) : null,
    element("span", {}, words),
    label ? element("span", { class: "visually-hidden" }, ` – ${label}`) : null,
  );
}
