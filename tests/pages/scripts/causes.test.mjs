import assert from "node:assert/strict";
import { before, test } from "node:test";

import { causeText, kindText } from "../../../api/web/scripts/board/causes.js";
import { replaceBoard } from "../../../api/web/scripts/board/taking-in.js";
import { at, begin, board } from "./company.mjs";

before(async () => {
  await begin("board");
  replaceBoard(board());
});

test("people, parts and skills go by their names", () => {
  assert.match(causeText({ code: "technician_gone", values: {} }, "T01"), /An/);
  assert.match(causeText({ code: "lacks_skill", values: { skill_id: "cooling", needed: 2, held: 1 } }, "T01"), /Cooling/);
  assert.match(causeText({ code: "pinned_to_other", values: { pinned_technician_id: "T02" } }, "T01"), /Bình/);
});

test("what nobody has a name for goes by its id", () => {
  assert.match(causeText({ code: "lacks_part", values: { part_id: "P9" } }, "T01"), /P9/);
});

test("a broken link says which jobs it is about", () => {
  assert.match(causeText({ code: "without_crew", values: { job_ids: ["J7", "J8"] } }, "T01"), /J7, J8/);
  assert.match(causeText({ code: "other_person", values: { job_ids: ["J7"] } }, "T01"), /An.*J7/);
});

test("a span within a day names the day once", () => {
  const said = causeText({ code: "technician_absent", values: { starts_at: at("09:00"), ends_at: at("11:00") } }, "T01");
  assert.match(said, /09:00 – 11:00/);
});

test("an unknown cause is still a sentence, and an unknown kind an issue", () => {
  const said = causeText({ code: "something_new", values: {} });
  assert.ok(said.length > 0 && !said.includes("something_new") && !said.startsWith("cause."));
  assert.ok(!kindText({ kind: "something_new" }).startsWith("issue."));
});
