/** Moments, spans, ways and money as the reader is used to see them, in the company's time zone. */

import { language, text } from "./texts.js";

const locale = { vi: "vi-VN", en: "en-GB" }[language];
let zone = "UTC";
let formats = {};

/** To be called once the company's time zone and currency are known. */
export function setPlace(timeZone, currency) {
  zone = timeZone;
  const moments = (options) => new Intl.DateTimeFormat(locale, { timeZone, ...options });
  formats = {
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

export const time = (moment) => formats.time.format(new Date(moment));
export const day = (moment) => formats.day.format(new Date(moment));
export const longDay = (moment) => formats.longDay.format(new Date(moment));
/** The local day of a moment, like `2026-11-23`. */
export const isoDay = (moment) => formats.isoDay.format(new Date(moment));
/** Cents, as the service counts. */
export const money = (cents) => formats.money.format(cents / 100);
export const number = (value) => formats.number.format(value);
export const percent = (share) => formats.percent.format(share);
export const kilometres = (metres) => text("unit.kilometres", { value: formats.tenths.format(metres / 1000) });

/** Seconds as hours and minutes. */
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

/** The moment at which a local day of the company begins; also where clocks change. */
export function startOfDay(iso) {
  const guess = Date.parse(`${iso}T00:00:00Z`);
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const offsetAt = (moment) => {
    const found = Object.fromEntries(parts.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(found.year, found.month - 1, found.day, found.hour, found.minute, found.second) - moment;
  };
  const first = guess - offsetAt(guess);
  return guess - offsetAt(first);
}
