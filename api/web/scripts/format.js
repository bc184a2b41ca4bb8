/** Moments, spans, ways and money as the reader is used to see them, in the company's time zone. */

import { language, text } from "./texts.js";

const locale = { vi: "vi-VN", en: "en-GB" }[language];
/** A moment on the wire, in milliseconds, or as a date.
 *
 * @typedef {number | string | Date} Moment
 */

let zone = "UTC";
/** @type {ReturnType<typeof formatsFor> | undefined} */
let known;

/**
 * To be called once the company's time zone and currency are known.
 *
 * @param {string} timeZone
 * @param {string} currency
 */
export function setPlace(timeZone, currency) {
  zone = timeZone;
  known = formatsFor(timeZone, currency);
}

/**
 * @param {string} timeZone
 * @param {string} currency
 */
function formatsFor(timeZone, currency) {
  /** @param {Intl.DateTimeFormatOptions} options */
  const moments = (options) => new Intl.DateTimeFormat(locale, { timeZone, ...options });
  return {
    time: moments({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    day: moments({ weekday: "short", day: "2-digit", month: "2-digit" }),
    longDay: moments({ weekday: "long", day: "numeric", month: "long", year: "numeric" }),
    isoDay: new Intl.DateTimeFormat("en-CA", { timeZone }),
    money: new Intl.NumberFormat(locale, { style: "currency", currency, maximumFractionDigits: 0 }),
    number: new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }),
    tenths: new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }),
    percent: new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }),
  };
}

function formats() {
  if (!known) throw new Error("the company's time zone is not known yet");
  return known;
}

/** @param {Moment} moment */
export const time = (moment) => formats().time.format(new Date(moment));
/** @param {Moment} moment */
export const day = (moment) => formats().day.format(new Date(moment));
/** @param {Moment} moment */
export const longDay = (moment) => formats().longDay.format(new Date(moment));
/**
 * The local day of a moment, like `2026-11-23`.
 *
 * @param {Moment} moment
 */
export const isoDay = (moment) => formats().isoDay.format(new Date(moment));
/**
 * Cents, as the service counts.
 *
 * @param {Api.Cents} cents
 */
export const money = (cents) => formats().money.format(cents / 100);
/** @param {number} value */
export const number = (value) => formats().number.format(value);
/** @param {number} share */
export const percent = (share) => formats().percent.format(share);
/** @param {number} metres */
export const kilometres = (metres) => text("unit.kilometres", { value: formats().tenths.format(metres / 1000) });

/**
 * Seconds as hours and minutes.
 *
 * @param {number} seconds
 */
export function span(seconds) {
  const minutes = Math.round(Math.abs(seconds) / 60);
  const sign = seconds < 0 && minutes > 0 ? "−" : "";
  if (minutes < 60) return sign + text("unit.minutes", { value: minutes });
  return sign + text("unit.hours", { hours: Math.floor(minutes / 60), minutes: String(minutes % 60).padStart(2, "0") });
}

/** Whether the reader's clock shows something else than the company's. */
export function isElsewhere(moment = Date.now()) {
  const here = new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short" });
  const there = new Intl.DateTimeFormat(locale, { dateStyle: "short", timeStyle: "short", timeZone: zone });
  return here.format(moment) !== there.format(moment);
}

/**
 * The moment at which a local day of the company begins; also where clocks change.
 *
 * @param {Api.Day} iso
 * @returns {number}
 */
export function startOfDay(iso) {
  const guess = Date.parse(`${iso}T00:00:00Z`);
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  /** @param {number} moment */
  const offsetAt = (moment) => {
    const found = new Map(parts.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    const part = (/** @type {Intl.DateTimeFormatPartTypes} */ type) => found.get(type) ?? 0;
    return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second")) - moment;
  };
  const first = guess - offsetAt(guess);
  // Where clocks change at midnight, one of the two lies in an hour that there is not, or in the day before.
  return Math.max(first, guess - offsetAt(first));
}

/**
 * The first letters of the first and the last word of a name: colours alone do not tell people
 * apart.
 *
 * @param {string} name
 */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  const [first = "", last = ""] = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0]);
  return `${first}${last}`.toUpperCase();
}
