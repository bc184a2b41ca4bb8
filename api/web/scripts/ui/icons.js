/** Small drawings in the text's colour; always beside words or a name, never instead of them. */

import { svg } from "../dom.js";

const PATHS = {
  late: "M8 1.5 15 14H1L8 1.5Zm-.8 4.6v4h1.6v-4H7.2Zm0 5.2v1.5h1.6v-1.5H7.2Z",
  conflict: "M5 1h6l4 4v6l-4 4H5l-4-4V5l4-4Zm2.200 2.800v5.200h1.600V3.800H7.200Zm0 6.600V12h1.600v-1.600H7.200Z",
  pin: "M9.5 1 15 6.5l-1.6.5-2.6 2.6.2 3.4-1.2 1.2-3-3L3 15l-2 .9.9-1.9 3.8-3.8-3-3L3.900 6l3.400.2L9.900 3.600 9.500 1Z",
  done: "M6.200 12.600 1.800 8.200l1.500-1.500 2.900 2.900 6.500-6.500 1.500 1.500-8 8Z",
  failed: "M3.400 2 8 6.600 12.600 2 14 3.400 9.400 8l4.600 4.600-1.400 1.400L8 9.400 3.400 14 2 12.600 6.600 8 2 3.400 3.400 2Z",
  en_route: "M2 7h7.500L6.300 3.800l1.400-1.400L13.300 8l-5.600 5.600-1.400-1.400L9.500 9H2V7Z",
  on_site: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Zm0 3.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600Z",
  urgent: "M7 1.500h2l-.3 8.500H7.300L7 1.500Zm0 10.500h2v2H7v-2Z",
  told: "M2 3h12v9H6l-3 2.500V12H2V3Zm1.500 1.500v6h9v-6h-9Z",
  depot: "M1 6.500 8 2l7 4.500V14h-2.500V8h-9v6H1V6.500ZM5 9h6v1.500H5V9Zm0 2.500h6V14H5v-2.500Z",
  break:
    "M2 4h9.500v1H13a2.500 2.500 0 0 1 0 5h-1.600A4.500 4.500 0 0 1 7 13H6.500A4.500 4.500 0 0 1 2 8.500V4Zm9.500 2.500v2H13a1 1 0 0 0 0-2h-1.500ZM2 14h10v1H2v-1Z",
  search:
    "M6.500 1.500a5 5 0 0 1 4 8l4 4-1.200 1.200-4-4a5 5 0 1 1-2.800-9.200Zm0 1.700a3.300 3.300 0 1 0 0 6.600 3.300 3.300 0 0 0 0-6.600Z",
  left: "M10.500 2 4.500 8l6 6 1.300-1.300L7.100 8l4.700-4.700L10.500 2Z",
  right: "M5.500 2l6 6-6 6-1.300-1.300L8.900 8 4.200 3.300 5.500 2Z",
  plus: "M7 2h2v5h5v2H9v5H7V9H2V7h5V2Z",
  minus: "M2 7h12v2H2V7Z",
  fit: "M1 3h1.600v10H1V3Zm12.400 0H15v10h-1.600V3ZM3.500 8 6 5.500l1 1L6.300 7.300h3.400L9 6.500l1-1L12.500 8 10 10.500l-1-1 .7-.8H6.300l.7.8-1 1L3.500 8Z",
  close: "M3.400 2 8 6.600 12.600 2 14 3.400 9.400 8l4.600 4.600-1.400 1.400L8 9.400 3.400 14 2 12.600 6.600 8 2 3.400 3.400 2Z",
  keyboard:
    "M1 4h14v8.500H1V4Zm1.500 1.500V11h11V5.500h-11Zm1 1h1.500V8H3.500V6.500Zm2.500 0h1.500V8H6V6.500Zm2.500 0H10V8H8.500V6.500Zm2.500 0h1.500V8H11V6.500ZM4.500 8.800h7v1.500h-7V8.800Z",
  clock:
    "M8 1.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13Zm0 1.600a4.900 4.900 0 1 0 0 9.800 4.900 4.900 0 0 0 0-9.800ZM7.200 4.500h1.600v3.200l2.200 1.300-.8 1.400-3-1.800V4.500Z",
  undo: "M5.500 2 1.500 6l4 4 1.200-1.200L4.600 6.800H9.500a2.900 2.900 0 0 1 0 5.800H6v1.700h3.500a4.600 4.600 0 0 0 0-9.200H4.600l2.100-2L5.500 2Z",
  calendar: "M4 1h1.600v1.500h4.800V1H12v1.500h2V14H2V2.500h2V1Zm8.400 5.500H3.600v5.900h8.800V6.500Z",
  compare: "M2 3h5v10H2V3Zm1.500 1.500v7h2v-7h-2ZM9 3h5v10H9V3Z",
  person: "M8 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM2.500 14c0-3 2.500-5 5.500-5s5.500 2 5.500 5h-11Z",
  phone:
    "M4.200 1.500 6.800 2l.8 3-1.600 1.300c.8 1.600 2 2.800 3.600 3.600l1.300-1.600 3 .8.600 2.600c-.3 1.700-1.600 2.600-3 2.800C6.600 14.100 1.900 9.400 1.500 4.600c.1-1.500 1-2.800 2.700-3.100Z",
  bell: "M7.200 1.200h1.600v1a4.500 4.500 0 0 1 3.700 4.500v3.100l1.300 2v.7H2.200v-.7l1.300-2V6.700a4.500 4.500 0 0 1 3.700-4.500v-1ZM6.500 13.200h3a1.500 1.500 0 0 1-3 0Z",
  window: "M2 4h6v1.500H3.500v7h7V8H12v6H2V4Zm7-2h5v5h-1.500V4.600L8 9.100 6.900 8l4.500-4.500H9V2Z",
  side: "M1 2.500h14v11H1v-11ZM2.500 4v8H9V4H2.500Z",
};

/** @typedef {keyof typeof PATHS} IconName */

/**
 * A drawing of 14 by 14 pixels, or so many.
 *
 * @param {IconName} name
 * @param {number} [size]
 */
export function icon(name, size = 14) {
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 16 16", width: size, height: size, "aria-hidden": "true" },
    svg("path", { d: PATHS[name], fill: "currentColor", "fill-rule": "evenodd" }),
  );
}

/**
 * The drawing of a job's status; what is only planned has none.
 *
 * @param {Api.JobStatus} status
 * @returns {IconName | null}
 */
export const statusIcon = (status) => STATUS_ICONS[status] ?? null;

/** @type {Partial<Record<Api.JobStatus, IconName>>} */
const STATUS_ICONS = { en_route: "en_route", on_site: "on_site", completed: "done", cannot_complete: "failed" };
