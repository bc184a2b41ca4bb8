import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { withReports } from "../../../api/web/scripts/my-day/day.js";
import { deliver, GRACE } from "../../../api/web/scripts/my-day/delivery.js";
import { Outbox } from "../../../api/web/scripts/my-day/outbox.js";
import { keepValue, readAll } from "../../../api/web/scripts/my-day/store.js";
import { findParts, hasWords, keptVan, prepareSources, readSources, readVan } from "../../../api/web/scripts/my-day/van-data.js";
import { day, visit } from "./company.mjs";
import { begin, end, kept, NOON, SENDER, service } from "./phone.mjs";

const BELT = { id: "TD-35", name: "Tụ điện 35 µF" };
const TAKEN = { part_id: "TD-35", quantity: 1, from_technician_id: "T02" };
const ABOUT = { title: BELT.name, place: "Hùng" };

beforeEach(begin);
afterEach(end);

/** What is asked of the service from now on, and what it answers: by the end of the path, or nothing. */
function answering(answers) {
  const asked = [];
  globalThis.fetch = async (path) => {
    asked.push(path);
    const found = Object.entries(answers).find(([end]) => path.includes(end));
    if (!found) throw new TypeError("no connection");
    return new Response(JSON.stringify(found[1]), { headers: { ETag: '"1"' } });
  };
  return asked;
}

const need = (lacks = 0) => ({ needed: lacks, to_fetch: 0, lacks });
const part = (id, today = 0, tomorrow = 0) => ({ id, name: id, quantity: 1, today: need(today), tomorrow: need(tomorrow), to_spare: 0 });
const van = (parts, more = {}) => ({ technician_id: "T01", parts, tools: [], lacking_tools: [], transfers: [], ...more });
const sources = (id) => ({ part_id: id, part: id, quantity: 0, depots: [], colleagues: [] });

test("what was taken goes out after what was reported before, each to its place", async () => {
  const sent = [];
  globalThis.fetch = async (path, { body }) => {
    sent.push([path, JSON.parse(body).job_id ?? JSON.parse(body).part_id]);
    return new Response("{}", { status: 201 });
  };
  await kept("J1");
  const outbox = new Outbox(() => {});
  await outbox.use(SENDER);
  await outbox.addTransfer(TAKEN, ABOUT);
  await deliver(SENDER, { isUrgent: () => true });
  assert.deepEqual(sent, [
    ["/technicians/T01/reports", "J1"],
    ["/technicians/T01/stock-transfers", "TD-35"],
  ]);
  await outbox.use(null);
});

test("what was taken is shown until the van was read after it was sent, whatever day is read", async () => {
  service(201);
  const outbox = new Outbox(() => {});
  await outbox.use(SENDER);
  await outbox.addTransfer(TAKEN, ABOUT);
  await outbox.flush(true);
  const states = async () => (await readAll("reports")).map((row) => row.state);
  await outbox.confirm(NOON);
  assert.deepEqual(await states(), ["sent"]);
  await outbox.confirm(NOON - 1, "transfer");
  assert.deepEqual(await states(), ["sent"]);
  await outbox.confirm(NOON, "transfer");
  assert.deepEqual(await states(), []);
  await outbox.use(null);
});

test("what was taken can be taken back for as long as a report", async () => {
  const sent = service(201);
  const outbox = new Outbox(() => {});
  await outbox.use(SENDER);
  const number = await outbox.addTransfer(TAKEN, ABOUT);
  assert.deepEqual(await deliver(SENDER), { outcome: "early", wait: GRACE });
  assert.equal(await outbox.withdraw(number), true);
  assert.deepEqual(sent, []);
  await outbox.use(null);
});

test("what was taken changes nothing of the day", () => {
  const today = day([visit("J1", "08:00")]);
  const row = { what: "transfer", state: "waiting", body: { id: "t", at: "2026-11-23T09:00:00Z", ...TAKEN } };
  assert.equal(withReports(today, [row]), today);
});

test("the van is kept for whose it is, and without a connection it is what was read last", async () => {
  answering({ "/stock": van([part("A")]) });
  const { status, van: read } = await readVan("T01", { keeps: true, known: undefined });
  assert.deepEqual([status, read.read_at, read.etag], [200, NOON, '"1"']);
  answering({});
  assert.deepEqual(await readVan("T01", { keeps: true, known: read }), { status: 0, van: read });
  assert.deepEqual(await keptVan("T01"), read);
  assert.equal(await keptVan("T02"), undefined);
});

test("who only looks in keeps nothing", async () => {
  answering({ "/stock": van([part("A")]), "/sources": sources("A") });
  await readVan("T01", { keeps: false, known: undefined });
  await readSources("T01", "A", { keeps: false });
  assert.deepEqual(await readAll("values"), []);
});

test("of what lacks it is looked up ahead where it is to be had, and again only after a while", async () => {
  const asked = answering({ "/A/sources": sources("A"), "/B/sources": sources("B") });
  const content = van([part("A", 2), part("B", 0, 1), part("C")]);
  await prepareSources(content);
  assert.equal(asked.length, 2);
  await prepareSources(content);
  assert.equal(asked.length, 2);
  answering({});
  const { status, known } = await readSources("T01", "B", { keeps: true });
  assert.deepEqual([status, known.found.part_id, known.read_at], [0, "B", NOON]);
  assert.equal((await readSources("T01", "C", { keeps: true })).known, undefined);
});

test("without a connection it stops looking up at the first that is in vain", async () => {
  const asked = answering({});
  await prepareSources(van([part("A", 1), part("B", 1)]));
  assert.equal(asked.length, 1);
});

for (const [words, isFound] of [
  ["tu dien", true],
  ["ĐIỆN tụ", true],
  ["35", true],
  ["td-35", true],
  ["ien", false],
  ["tụ 45", false],
]) {
  test(`"${words}" ${isFound ? "finds" : "does not find"} the part on the phone`, () => {
    assert.equal(hasWords(BELT, words), isFound);
  });
}

test("without a connection parts are found among those that the phone knows, each once", async () => {
  answering({});
  await keepValue("sources", [{ found: { ...sources("TD-45"), part: "Tụ điện 45 µF" }, everywhere: false, read_at: NOON }]);
  const { parts, isAway } = await findParts("tu", [BELT, BELT, { id: "X", name: "Quạt" }]);
  assert.equal(isAway, true);
  assert.deepEqual(
    parts.map(({ id }) => id),
    ["TD-35", "TD-45"],
  );
});
