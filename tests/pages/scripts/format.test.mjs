import assert from "node:assert/strict";
import { before, test } from "node:test";

import {
  day,
  initials,
  isElsewhere,
  isoDay,
  kilometres,
  money,
  setPlace,
  span,
  startOfDay,
  time,
} from "../../../api/web/scripts/format.js";
import { begin } from "./company.mjs";

const HOUR = 3_600_000;

before(() => begin("board"));

test("moments are shown by the company's clock, wherever the reader is", () => {
  setPlace("Asia/Ho_Chi_Minh", "VND");
  const late = "2026-11-23T18:30:00Z";
  assert.equal(time(late), "01:30");
  assert.equal(isoDay(late), "2026-11-24");
  assert.match(day(late), /24\/11/);
});

test("a day begins at the company's midnight, also where clocks change", () => {
  setPlace("Asia/Ho_Chi_Minh", "VND");
  assert.equal(startOfDay("2026-11-23"), Date.parse("2026-11-22T17:00:00Z"));
  setPlace("Europe/Berlin", "EUR");
  assert.equal((startOfDay("2026-03-30") - startOfDay("2026-03-29")) / HOUR, 23);
  assert.equal((startOfDay("2026-10-26") - startOfDay("2026-10-25")) / HOUR, 25);
});

test("where clocks change at midnight, a day begins with the first moment that it has", () => {
  setPlace("America/Santiago", "CLP");
  assert.equal(startOfDay("2026-04-05"), Date.parse("2026-04-05T04:00:00Z"));
  assert.equal(startOfDay("2026-09-06"), Date.parse("2026-09-06T04:00:00Z"));
  setPlace("Africa/Cairo", "EGP");
  assert.equal(startOfDay("2026-04-24"), Date.parse("2026-04-23T22:00:00Z"));
  assert.equal(startOfDay("2026-10-30"), Date.parse("2026-10-29T22:00:00Z"));
});

test("spans are rounded to minutes, and only what is left has a sign", () => {
  assert.equal(span(29), "0 min");
  assert.equal(span(-29), "0 min");
  assert.equal(span(-90), "−2 min");
  assert.match(span(3_600 + 5 * 60), /^1.*05/);
});

test("cents are shown as money without cents, metres as kilometres", () => {
  setPlace("Asia/Ho_Chi_Minh", "VND");
  assert.match(money(1_250_000), /12,500/);
  assert.equal(kilometres(12_340), "12.3 km");
});

test("whoever is in another time zone is told", () => {
  setPlace(Intl.DateTimeFormat().resolvedOptions().timeZone, "VND");
  assert.equal(isElsewhere(), false);
  setPlace("Pacific/Kiritimati", "VND");
  assert.equal(isElsewhere(Date.parse("2026-11-23T06:00:00Z")), true);
});

test("people go by the first letters of their first and last word", () => {
  assert.equal(initials("Nguyễn Văn Hùng"), "NH");
  assert.equal(initials(" đặng  thị Ánh "), "ĐÁ");
  assert.equal(initials("Lan"), "L");
  assert.equal(initials(""), "");
});
