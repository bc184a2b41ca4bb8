import assert from "node:assert/strict";
import { test } from "node:test";

import { atClock, fromField, toField, toWire } from "../../../api/web/scripts/board/moves/moments.js";
import { setPlace } from "../../../api/web/scripts/format.js";

const BERLIN = ["Europe/Berlin", "EUR"];

test("a field shows the company's clock, and means the same moment again", () => {
  setPlace("Asia/Ho_Chi_Minh", "VND");
  const moment = Date.parse("2026-11-23T07:30:00Z");
  assert.equal(toField(moment), "2026-11-23T14:30");
  assert.equal(fromField("2026-11-23T14:30"), moment);
});

test("an empty field is no moment, and no moment an empty field", () => {
  assert.equal(fromField(""), null);
  assert.equal(toField(null), "");
  assert.equal(toField(undefined), "");
  assert.equal(toWire(null), null);
});

test("clocks that change in the night are right in the morning", () => {
  setPlace(...BERLIN);
  assert.equal(atClock("2026-03-29", "08:00"), Date.parse("2026-03-29T06:00:00Z"));
  assert.equal(atClock("2026-10-25", "08:00"), Date.parse("2026-10-25T07:00:00Z"));
  assert.equal(atClock("2026-03-29", "01:00"), Date.parse("2026-03-29T00:00:00Z"));
});
