/**
 * From moments to pixels and back. Working hours have one scale; the hours between them, in which
 * nobody works, are squeezed into a narrow strip.
 */

import { startOfDay } from "../../format.js";
import { board, dayAfter, shownSpan } from "../state.js";

/**
 * A stretch of time that has one scale: where it lies in units.
 *
 * @typedef {{ from: OnBoard.Moment, to: OnBoard.Moment, left: number, right: number }} Segment
 */

const HOUR = 3_600_000;
const HALF = HOUR / 2;
/** How wide a night is, in hours of the scale. */
const NIGHT_HOURS = 0.4;
export const MOST_PIXELS_PER_HOUR = 480;
/** With less, visits are too narrow to be read or hit: days are summed up instead. */
export const DETAIL_PIXELS_PER_HOUR = 44;

/** @type {Segment[]} */
let segments = [];
let pixelsPerHour = 90;

/**
 * The days shown.
 *
 * @type {OnBoard.ShownDay[]}
 */
export let shownDays = [];

/** Work the scale out for the board's data. */
export function fitScaleToBoard() {
  const { from: begin, to: end } = shownSpan();
  const days = [...Array(board.days).keys()].map((number) => {
    const iso = dayAfter(board.day, number);
    return { iso, starts: startOfDay(iso), ends: startOfDay(dayAfter(iso, 1)), first: Infinity, last: -Infinity };
  });
  /**
   * @param {OnBoard.Moment} from
   * @param {OnBoard.Moment} to
   */
  const include = (from, to) => {
    for (const day of days) {
      if (to <= day.starts || from >= day.ends) continue;
      day.first = Math.min(day.first, Math.max(from, day.starts));
      day.last = Math.max(day.last, Math.min(to, day.ends));
    }
  };
  for (const list of board.shifts.values()) for (const shift of list) include(shift.starts_at, shift.ends_at);
  for (const list of board.routes.values())
    for (const route of list) include(route.start_at, Math.max(route.end_at, route.stops.at(-1)?.expected_departure_at ?? 0));
  // All days alike, so that the same hour is at the same place in each.
  const opening = Math.min(...days.map((day) => (day.first === Infinity ? 8 * HOUR : day.first - day.starts)));
  const closing = Math.max(...days.map((day) => (day.last === -Infinity ? 17 * HOUR : day.last - day.starts)));
  const first = Math.max(0, Math.floor(opening / HALF - 0.2)) * HALF;
  const last = Math.ceil(closing / HALF + 0.5) * HALF;
  segments = [];
  shownDays = [];
  let at = begin;
  let units = 0;
  /**
   * @param {OnBoard.Moment} to
   * @param {number} hours
   */
  const add = (to, hours) => {
    if (to <= at) return;
    segments.push({ from: at, to, left: units, right: units + hours });
    units += hours;
    at = to;
  };
  for (const day of days) {
    const [from, to] = [day.starts + first, Math.min(day.starts + last, day.ends)];
    add(from, NIGHT_HOURS);
    const left = units;
    add(to, (to - from) / HOUR);
    shownDays.push({ iso: day.iso, starts: day.starts, ends: day.ends, from, to, left, right: units });
  }
  add(end, NIGHT_HOURS);
}

/** Width of everything, in pixels. */
export const fullWidth = () => (segments.at(-1)?.right ?? 0) * pixelsPerHour;

export const zoom = () => pixelsPerHour;

/**
 * So that everything fits into so many pixels.
 *
 * @param {number} pixels
 */
export const fittingZoom = (pixels) => pixels / (segments.at(-1)?.right ?? 1);

/**
 * @param {number} wanted
 * @param {number} pixels that there are for everything
 */
export function setZoom(wanted, pixels) {
  const fitting = fittingZoom(pixels);
  const least = board.days === 1 ? Math.max(fitting, DETAIL_PIXELS_PER_HOUR) : fitting;
  pixelsPerHour = Math.min(MOST_PIXELS_PER_HOUR, Math.max(least, wanted));
}

/** Whether single visits can be told apart. */
export const isDetailed = () => pixelsPerHour >= DETAIL_PIXELS_PER_HOUR;

/** @param {OnBoard.Moment} moment */
export function toPixels(moment) {
  const last = segments.at(-1);
  if (!last) return 0;
  if (moment >= last.to) return last.right * pixelsPerHour;
  for (const { from, to, left, right } of segments) {
    if (moment < to) return (left + ((right - left) * Math.max(0, moment - from)) / (to - from)) * pixelsPerHour;
  }
  return 0;
}

/**
 * @param {number} pixels
 * @returns {OnBoard.Moment}
 */
export function toMoment(pixels) {
  const units = pixels / pixelsPerHour;
  const found = segments.find(({ right }) => units < right) ?? segments.at(-1);
  if (!found) return 0;
  return found.from + (Math.max(0, Math.min(units, found.right) - found.left) / (found.right - found.left)) * (found.to - found.from);
}

/**
 * Whether the moment lies in hours that have the full scale.
 *
 * @param {OnBoard.Moment} moment
 */
export const isInHours = (moment) => shownDays.some(({ from, to }) => from <= moment && moment <= to);

/** Marks for the hours axis: `{moment, isDay}` at distances that leave room for their names. */
export function marks() {
  const steps = [0.25, 0.5, 1, 2, 3, 4, 6];
  const step = steps.find((hours) => hours * pixelsPerHour >= 48);
  const found = [];
  for (const { starts, from, to } of shownDays) {
    found.push({ moment: from, isDay: true });
    if (step === undefined) continue;
    const wide = step * HOUR;
    for (let moment = starts + Math.ceil((from - starts) / wide) * wide; moment < to; moment += wide) {
      found.push({ moment, isDay: false });
    }
  }
  return found;
}
