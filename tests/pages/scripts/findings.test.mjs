import assert from "node:assert/strict";
import { before, test } from "node:test";

import { limitsOf, outsideOf } from "../../../api/web/scripts/findings.js";
import { begin } from "./company.mjs";

const wanted = (least, most, unit = "bar") => ({ name: "Pressure", unit, least, most });

before(() => begin("my-day"));

test("limits are told with the unit, as far as there are any", () => {
  assert.equal(limitsOf(wanted(2, 8)), "2 to 8 bar");
  assert.equal(limitsOf(wanted(0, null)), "at least 0 bar");
  assert.equal(limitsOf(wanted(null, -18.5, null)), "at most -18.5");
  assert.equal(limitsOf(wanted(null, null)), null);
});

test("both limits are inside, and what is beyond says of what", () => {
  assert.deepEqual(
    [2, 8, 0, 1.99, 8.01].map((value) => outsideOf(wanted(2, 8), value)),
    [null, null, "outside 2 to 8 bar", "outside 2 to 8 bar", "outside 2 to 8 bar"],
  );
  assert.deepEqual([outsideOf(wanted(0, null), -1), outsideOf(wanted(0, null), 0)], ["below 0 bar", null]);
  assert.deepEqual([outsideOf(wanted(null, -18), -17.5), outsideOf(wanted(null, -18), -20)], ["above -18 bar", null]);
  assert.equal(outsideOf(wanted(null, null), 1e9), null);
});
