/** Drawings that go with words, never instead of them. */

import { svg } from "../dom.js";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  forth: "M9 5l7 7-7 7",
  more: "M5 6.5h14M5 12h14M5 17.5h14",
  close: "M6 6l12 12M18 6L6 18",
  place: "M12 21s7-6.1 7-11.5a7 7 0 10-14 0C5 14.900 12 21 12 21zM12 12a2.500 2.500 0 100-5 2.500 2.500 0 000 5",
  phone: "M6 3h3l2 5-2.500 1.800a12 12 0 005.700 5.700L16 13l5 2v3a3 3 0 01-3 3A15 15 0 013 6a3 3 0 013-3z",
  part: "M12 3l8 4.300v9.400L12 21l-8-4.300V7.300zM4.300 7.500L12 12l7.700-4.500M12 12v9",
  tool: "M14.500 6.500a4.500 4.500 0 015.900-1.800l-3 3 .400 2 2 .400 3-3a4.500 4.500 0 01-6 5.700L9 20.500A2.400 2.400 0 015.500 17l7.700-7.800a4.500 4.500 0 011.300-2.700z",
  clock: "M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5l3.500 2",
  history: "M4 12a8 8 0 108-8 8.500 8.500 0 00-6.500 3L4 8.500M4 4v4.500h4.500M12 8v4.500l3 1.500",
  alert: "M12 4l9 16H3zM12 10v4.500M12 17.300v.200",
  check: "M4.500 12.500l5 5 10-11",
  print:
    "M7 9V3.500h10V9M7 17H4.500A1.500 1.500 0 013 15.500V11a2 2 0 012-2h14a2 2 0 012 2v4.500a1.500 1.500 0 01-1.500 1.500H17M7 14h10v6.500H7z",
  depot: "M3 20V9l9-5 9 5v11M7 20v-7h10v7M7 16.500h10",
  break: "M5 8h12v6a5 5 0 01-5 5h-2a5 5 0 01-5-5zM17 9h1.500a2.500 2.500 0 010 5H17M9 2.500v2.500M13 2.500v2.500",
  away: "M3 3l18 18M8 7.500A6 6 0 0117.700 10 4.500 4.500 0 0120 18M16.500 18.500H7a4.500 4.500 0 01-1-8.900",
  car: "M4 16v-4l2-5.500h12l2 5.500v4M4 12h16M3.500 16h17v2.500h-3V16M3.500 16v2.500h3V16",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {IconName} name */
export function icon(name) {
  return svg("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" }, svg("path", { d: PATHS[name] }));
}
