/** Small charts. Each is one picture with a name that says what it shows, for those who do not see it. */

import { svg } from "../../dom.js";

/**
 * @typedef {{ moments: number[], kind: string, until?: number }} Steps
 * @typedef {object} StepChart
 * @property {Steps[]} lines
 * @property {OnBoard.Span} span
 * @property {{ moment: number, label: string }[]} ticks
 * @property {number | null} [now]
 * @property {string} label
 * @property {number} [width]
 * @property {number} [height]
 */

/**
 * A line of numbers without axes, such as a cost that falls. `label` tells it in words.
 *
 * @param {number[]} values
 * @param {{ width?: number, height?: number, label: string }} options
 */
export function sparkline(values, { width = 150, height = 34, label }) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (/** @type {number} */ index) => (values.length < 2 ? width - 3 : (index / (values.length - 1)) * (width - 6) + 3);
  const y = (/** @type {number} */ value) => (high === low ? height / 2 : height - 4 - ((value - low) / (high - low)) * (height - 8));
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  return svg(
    "svg",
    { class: "sparkline", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}`, width, height },
    svg("polyline", { points: points.join(" ") }),
    values.length ? svg("circle", { cx: x(values.length - 1), cy: y(values.at(-1) ?? 0), r: 2.6 }) : null,
  );
}

/**
 * Numbers that grow over time, as steps. `lines` are `{name, moments, kind}`; `span` is `{from, to}`;
 * `ticks` are `{moment, label}`; `now` a moment to mark, or null.
 *
 * @param {StepChart} chart
 */
export function stepChart({ lines, span, ticks, now = null, label, width = 400, height = 150 }) {
  const [left, right, top, bottom] = [30, 8, 8, 20];
  const most = Math.max(1, ...lines.map((line) => line.moments.length));
  const x = (/** @type {number} */ moment) => left + ((moment - span.from) / (span.to - span.from)) * (width - left - right);
  const y = (/** @type {number} */ value) => height - bottom - (value / most) * (height - top - bottom);
  const steps = roundSteps(most);
  const path = (/** @type {Steps} */ { moments, until = span.to }) => {
    const sorted = [...moments].sort((one, other) => one - other).filter((moment) => moment <= until);
    let drawn = `M${x(span.from)},${y(0)}`;
    sorted.forEach((moment, index) => {
      drawn += `H${x(Math.max(moment, span.from)).toFixed(1)}V${y(index + 1).toFixed(1)}`;
    });
    return `${drawn}H${x(Math.min(until, span.to)).toFixed(1)}`;
  };
  return svg(
    "svg",
    { class: "chart", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}` },
    steps.flatMap((value) => [
      svg("line", { class: "grid-line", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)),
    ]),
    ticks.map(({ moment, label: name }) => svg("text", { x: x(moment), y: height - 5, "text-anchor": "middle" }, name)),
    now !== null && now > span.from && now < span.to
      ? svg("line", { class: "now-mark", x1: x(now), x2: x(now), y1: top, y2: height - bottom })
      : null,
    lines.map((line) => svg("path", { class: `line ${line.kind}`, d: path(line) })),
  );
}

/**
 * Columns beside each other for each group: `groups` are `{label, values}`, `kinds` their colours.
 *
 * @param {{ groups: { label: string, values: number[] }[], kinds: string[], label: string, width?: number, height?: number }} chart
 */
export function columnChart({ groups, kinds, label, width = 400, height = 130 }) {
  const [left, right, top, bottom] = [30, 8, 8, 20];
  const most = Math.max(1, ...groups.flatMap(({ values }) => values));
  const room = (width - left - right) / Math.max(1, groups.length);
  const wide = Math.min(22, (room * 0.76) / kinds.length);
  const y = (/** @type {number} */ value) => height - bottom - (value / most) * (height - top - bottom);
  return svg(
    "svg",
    { class: "chart", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}` },
    roundSteps(most).flatMap((value) => [
      svg("line", { class: "grid-line", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)),
    ]),
    groups.flatMap(({ label: name, values }, index) => {
      const middle = left + room * (index + 0.5);
      const from = middle - (wide * values.length) / 2;
      return [
        ...values.map((value, number) =>
          value
            ? svg("rect", {
                class: kinds[number],
                x: from + number * wide + 1,
                y: y(value),
                width: wide - 2,
                height: y(0) - y(value),
                rx: 2,
              })
            : null,
        ),
        svg("text", { x: middle, y: height - 5, "text-anchor": "middle" }, name),
      ];
    }),
  );
}

/**
 * A bar in parts of a whole: `parts` are `{share, kind}`; shares may go beyond 1. Decorative.
 *
 * @param {{ share: number, kind: string }[]} parts
 */
export function shareBar(parts) {
  let at = 0;
  const rects = parts.map(({ share, kind }) => {
    const rect = svg("rect", { class: kind, x: at * 100, y: 0, width: Math.max(0, Math.min(share, 1.2 - at)) * 100, height: 10 });
    at += share;
    return rect;
  });
  return svg(
    "svg",
    { class: "share-bar", viewBox: "0 0 120 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "room", x: 0, y: 0, width: 100, height: 10 }),
    rects,
    svg("line", { class: "full", x1: 100, x2: 100, y1: 0, y2: 10 }),
  );
}

/**
 * Whole numbers for an axis up to about this one: at most five.
 *
 * @param {number} most
 */
function roundSteps(most) {
  const step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000].find((one) => most / one <= 4.5) ?? most;
  const steps = [];
  for (let value = 0; value <= most; value += step) steps.push(value);
  return steps;
}
