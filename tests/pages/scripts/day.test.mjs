import assert from "node:assert/strict";
import { test } from "node:test";

import { agenda, changes, keyOf, pickList, withReports } from "../../../api/web/scripts/my-day/day.js";
import { at, day, depotCall, pause, report, visit } from "./company.mjs";

const NOON = Date.parse(at("12:00"));
const states = (items) => items.map(({ stop, state }) => `${stop.job_id ?? stop.kind} ${state}`);

test("the first visit that is not over is shown large", () => {
  const items = agenda(day([visit("J1", "08:00", { status: "completed" }), visit("J2", "09:00"), visit("J3", "10:00")]), { at: NOON });
  assert.deepEqual(states(items), ["J1 over", "J2 now", "J3 later"]);
  assert.deepEqual(
    items.map(({ number }) => number),
    [1, 2, 3],
  );
});

test("a visit that is under way goes before those planned earlier", () => {
  const begun = visit("J2", "10:00", { status: "on_site", arrived_at: at("09:00") });
  assert.deepEqual(states(agenda(day([visit("J1", "09:00"), begun]), { at: NOON })), ["J1 later", "J2 now"]);
});

test("of several visits under way the one begun last is shown large", () => {
  const first = visit("J1", "08:00", { status: "on_site", arrived_at: at("08:00") });
  const second = visit("J2", "09:00", { status: "en_route", en_route_at: at("09:00") });
  assert.deepEqual(states(agenda(day([first, second]), { at: NOON })), ["J1 later", "J2 now"]);
});

test("a depot call is over when it is ticked, or when a later visit has begun", () => {
  const call = depotCall("08:00");
  const waiting = day([call, visit("J1", "09:00")]);
  assert.deepEqual(states(agenda(waiting, { at: NOON })), ["depot now", "J1 later"]);
  const ticked = new Set([keyOf(waiting.routes[0], call)]);
  assert.deepEqual(states(agenda(waiting, { at: NOON, ticked })), ["depot over", "J1 now"]);
  const begun = visit("J1", "09:00", { status: "en_route", en_route_at: at("08:30") });
  assert.deepEqual(states(agenda(day([call, begun]), { at: NOON })), ["depot over", "J1 now"]);
});

test("a break is over when its time is, and is never shown large", () => {
  const lunch = pause("12:00");
  assert.deepEqual(states(agenda(day([lunch, visit("J1", "13:00")]), { at: Date.parse(at("12:30")) })), ["break later", "J1 now"]);
  assert.deepEqual(states(agenda(day([lunch, visit("J1", "13:00")]), { at: Date.parse(at("13:01")) })), ["break over", "J1 now"]);
});

test("stops without a job keep their names while the day changes", () => {
  const [first, second] = [depotCall("08:00"), depotCall("14:00")];
  const before = day([first, second]).routes[0];
  const after = day([visit("J1", "07:00"), first, second]).routes[0];
  assert.notEqual(keyOf(before, first), keyOf(before, second));
  assert.equal(keyOf(before, second), keyOf(after, second));
});

test("what was reported on the phone counts before the service knows it", () => {
  const reports = [report("en_route", "J1", "08:00"), report("on_site", "J1", "08:20")];
  const [stop] = withReports(day([visit("J1", "09:00")]), reports).routes[0].stops;
  assert.equal(stop.status, "on_site");
  assert.equal(stop.en_route_at, at("08:00"));
  assert.equal(stop.arrived_at, at("08:20"));
});

test("the first report that ends a job counts, and a refused one does not", () => {
  const reports = [
    report("completed", "J1", "10:00"),
    report("cannot_complete", "J1", "09:30", { state: "refused" }),
    report("cannot_complete", "J1", "10:30"),
  ];
  const [stop] = withReports(day([visit("J1", "09:00")]), reports).routes[0].stops;
  assert.equal(stop.status, "completed");
  assert.equal(stop.departed_at, at("10:00"));
});

test("what the service knows to be over stays as it is", () => {
  const over = visit("J1", "09:00", { status: "completed", departed_at: at("09:50") });
  const [stop] = withReports(day([over]), [report("cannot_complete", "J1", "09:30")]).routes[0].stops;
  assert.deepEqual(stop, over);
});

test("changes are told in the order of time, and moves of two minutes or less are none", () => {
  const before = day([visit("J1", "08:00"), visit("J2", "09:00"), visit("J3", "10:00"), visit("J4", "11:00")]);
  const slightly = { ...visit("J1", "08:00"), start_at: new Date(Date.parse(at("08:00")) + 120_000).toISOString() };
  const after = day([slightly, visit("J3", "10:30"), visit("J4", "11:00", { title: "Other" }), visit("J5", "12:00")]);
  assert.deepEqual(
    changes(before, after).map(({ kind, stop }) => `${stop.job_id} ${kind}`),
    ["J2 removed", "J3 moved", "J4 changed", "J5 added"],
  );
});

test("other lines to tick off are a change, and that a day kept before had none to tell is not", () => {
  const before = day([visit("J1", "08:00"), visit("J2", "09:00")]);
  const wanting = (checklist) => visit("J2", "09:00", { checklist, readings_wanted: [] });
  const kinds = (after) => changes(before, day([visit("J1", "08:00"), after])).map(({ kind, stop }) => `${stop.job_id} ${kind}`);
  assert.deepEqual(kinds(wanting([])), []);
  assert.deepEqual(kinds(wanting(["Clean it"])), ["J2 changed"]);
});

test("what is over and gone is no change, and neither is a report", () => {
  const before = day([visit("J1", "08:00", { status: "completed" }), visit("J2", "09:00")]);
  const after = day([visit("J2", "09:00", { status: "en_route", en_route_at: at("08:50") })]);
  assert.deepEqual(changes(before, after), []);
});

test("the van is loaded first, then each depot call, each thing with the visits that use it", () => {
  const compressor = { id: "P1", name: "Compressor", quantity: 1 };
  const winch = { id: "W1", name: "Winch" };
  const user = visit("J1", "10:00", { parts: [compressor], tools: [winch] });
  const [van, call] = pickList(day([depotCall("09:00", { parts: [compressor] }), user], { load_tools: [winch] }).routes[0]);
  assert.equal(van.stop, null);
  assert.deepEqual(
    van.lines.map(({ key, users }) => [key, users]),
    [["W1", [user]]],
  );
  assert.deepEqual(
    call.lines.map(({ key, users }) => [key, users]),
    [["P1×1", [user]]],
  );
});
