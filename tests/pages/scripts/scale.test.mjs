import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";

import { replaceBoard } from "../../../api/web/scripts/board/taking-in.js";
import {
  DETAIL_PIXELS_PER_HOUR,
  fitScaleToBoard,
  fittingZoom,
  fullWidth,
  isDetailed,
  isInHours,
  MOST_PIXELS_PER_HOUR,
  marks,
  setZoom,
  shownDays,
  toMoment,
  toPixels,
  zoom,
} from "../../../api/web/scripts/board/timeline/scale.js";
import { at, begin, board } from "./company.mjs";

const moment = (clock, day) => Date.parse(at(clock, day));

before(() => begin("board"));
beforeEach(() => {
  replaceBoard(board());
  fitScaleToBoard();
  setZoom(100, 1000);
});

test("working hours have one scale, with some room around the shifts", () => {
  assert.equal(Math.round(toPixels(moment("12:00")) - toPixels(moment("11:00"))), 100);
  assert.equal(isInHours(moment("07:45")), true);
  assert.equal(isInHours(moment("17:15")), true);
  assert.equal(isInHours(moment("03:00")), false);
});

test("nights are squeezed into a narrow strip", () => {
  assert.ok(toPixels(moment("07:00")) < 100);
  assert.ok(fullWidth() - toPixels(moment("18:30")) < 100);
});

test("a pixel means the moment that is drawn there", () => {
  for (const clock of ["00:10", "08:00", "12:34", "16:59", "23:30"]) {
    assert.ok(Math.abs(toMoment(toPixels(moment(clock))) - moment(clock)) < 1000, clock);
  }
  assert.equal(toPixels(moment("12:00", "2026-11-30")), fullWidth());
});

test("a day can be neither narrower than its visits can be read, nor wider than makes sense", () => {
  setZoom(1, 100);
  assert.equal(zoom(), DETAIL_PIXELS_PER_HOUR);
  setZoom(10_000, 100);
  assert.equal(zoom(), MOST_PIXELS_PER_HOUR);
});

test("a week fits into the room that there is, summed up by days", () => {
  replaceBoard(board({ days: 7 }));
  fitScaleToBoard();
  setZoom(1, 1000);
  assert.equal(zoom(), fittingZoom(1000));
  assert.equal(Math.round(fullWidth()), 1000);
  assert.equal(isDetailed(), false);
  assert.deepEqual(
    shownDays.map(({ iso }) => iso.slice(-2)),
    ["23", "24", "25", "26", "27", "28", "29"],
  );
  const widths = new Set(shownDays.map(({ left, right }) => (right - left).toFixed(6)));
  assert.equal(widths.size, 1);
});

test("marks of the axis lie on whole steps of the clock, as many as there is room for", () => {
  const clocks = () =>
    marks()
      .filter(({ isDay }) => !isDay)
      .map((mark) => mark.moment);
  assert.ok(clocks().every((one) => (one - moment("00:00")) % 1_800_000 === 0));
  assert.ok(clocks().includes(moment("12:30")));
  setZoom(50, 100);
  assert.ok(!clocks().includes(moment("12:30")));
  assert.ok(clocks().includes(moment("12:00")));
});

test("without anybody at work the day is as long as an office's", () => {
  replaceBoard(board({ shifts: [], routes: [], jobs: {}, unassigned: [] }));
  fitScaleToBoard();
  assert.equal(isInHours(moment("08:00")), true);
  assert.equal(isInHours(moment("17:00")), true);
});
