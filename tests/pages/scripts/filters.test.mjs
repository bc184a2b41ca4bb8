import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";

import { clearFilters, isFiltered, matchesJob, setFilters, shownTechnicians } from "../../../api/web/scripts/board/filters.js";
import { board as shown } from "../../../api/web/scripts/board/state.js";
import { replaceBoard } from "../../../api/web/scripts/board/taking-in.js";
import { begin, board } from "./company.mjs";

const jobs = () => [...shown.jobs.values()].filter(matchesJob).map(({ id }) => id);
const technicians = () => shownTechnicians().map(({ id }) => id);

before(() => begin("board"));
beforeEach(() => {
  replaceBoard(board());
  clearFilters();
});

test("without filters everything is meant", () => {
  assert.equal(isFiltered(), false);
  assert.deepEqual(jobs(), ["J1", "J2", "J3"]);
  assert.deepEqual(technicians(), ["T01", "T02"]);
});

test("who searches in a hurry leaves out accents, capitals and spaces around", () => {
  setFilters({ words: "  DIEU HOA " });
  assert.deepEqual(jobs(), ["J3"]);
  setFilters({ words: "tủ đông" });
  assert.deepEqual(jobs(), ["J2"]);
});

test("a technician's name finds the technician and the jobs of the day", () => {
  setFilters({ words: "binh" });
  assert.deepEqual(jobs(), ["J2"]);
  assert.deepEqual(technicians(), ["T02"]);
});

test("a skill means jobs that need it, and technicians who have it", () => {
  setFilters({ skill: "cooling" });
  assert.deepEqual(jobs(), ["J1"]);
  assert.deepEqual(technicians(), ["T01"]);
});

test("a state of jobs shows only technicians with such jobs", () => {
  for (const [state, meant] of [
    ["late", "J2"],
    ["pinned", "J2"],
    ["open", "J3"],
    ["conflict", undefined],
  ]) {
    setFilters({ state });
    assert.deepEqual(jobs(), meant ? [meant] : [], state);
  }
  setFilters({ state: "late" });
  assert.deepEqual(technicians(), ["T02"]);
});

test("filters hold together, and those not named stay", () => {
  setFilters({ territory: "north" });
  setFilters({ priority: "urgent" });
  assert.deepEqual(jobs(), ["J1"]);
  setFilters({ territory: "south" });
  assert.deepEqual(jobs(), []);
});

test("words are those of the board as it is", () => {
  setFilters({ words: "ozone" });
  assert.deepEqual(jobs(), []);
  const renamed = board();
  renamed.jobs.J1.title = "Ozone";
  replaceBoard(renamed);
  assert.deepEqual(jobs(), ["J1"]);
});
