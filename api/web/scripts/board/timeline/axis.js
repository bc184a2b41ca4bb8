/** The hours above the rows, the lines through them, and where now is. */

import { element } from "../../dom.js";
import { day, time } from "../../format.js";
import { board } from "../state.js";
import { isInHours, marks, shownDays, toPixels } from "./scale.js";

const track = element("div", { class: "axis-track" });
/** What stands above the rows. */
export const axis = element(
  "div",
  { class: "axis", "aria-hidden": "true" },
  element("div", { class: "axis-corner" }, element("span", { id: "corner" })),
  track,
);
/** What goes through all rows. */
export const lines = element("div", { class: "hour-lines", "aria-hidden": "true" });
export const nowLine = element("div", { class: "now-line", "aria-hidden": "true" });
const nowFlag = element("div", { class: "now-flag" });

export function drawAxis() {
  const drawn = marks();
  track.replaceChildren(
    ...drawn.map(({ moment, isDay }) =>
      element(
        "span",
        { class: isDay ? "axis-day" : "axis-hour", style: { left: `${toPixels(moment)}px` } },
        isDay ? element("span", {}, day(moment)) : element("span", { class: "numbers" }, time(moment)),
      ),
    ),
  );
  lines.replaceChildren(
    ...drawn.map(({ moment, isDay }) =>
      element("span", { class: isDay ? "day-line" : "hour-line", style: { left: `${toPixels(moment)}px` } }),
    ),
    ...nights().map(({ left, width }) => element("span", { class: "night", style: { left: `${left}px`, width: `${width}px` } })),
  );
}

/** Between the days shown, in pixels. */
function nights() {
  return shownDays.flatMap((one, index) => {
    const before = shownDays[index - 1];
    if (!before) return [];
    const left = toPixels(before.to);
    return [{ left, width: toPixels(one.from) - left }];
  });
}

export function placeNow() {
  if (!board.day) return;
  const now = Date.now();
  const isShown = isInHours(now);
  nowLine.hidden = nowFlag.hidden = !isShown;
  if (!isShown) return;
  nowLine.style.setProperty("left", `${toPixels(now)}px`);
  nowFlag.style.setProperty("left", `${toPixels(now)}px`);
  nowFlag.textContent = time(now);
  if (nowFlag.parentNode !== track) track.append(nowFlag);
}
