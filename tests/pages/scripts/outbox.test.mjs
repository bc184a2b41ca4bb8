import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { GRACE } from "../../../api/web/scripts/my-day/delivery.js";
import { Outbox } from "../../../api/web/scripts/my-day/outbox.js";
import { begin, end, kept, NOON, SENDER, service, states } from "./phone.mjs";

const ABOUT = { title: "Tủ đông", place: "Chợ Đồng Xuân" };
let outbox;
let connection;

beforeEach(async () => {
  await begin();
  connection = [];
  outbox = new Outbox((status) => connection.push(status));
});

afterEach(async () => {
  await outbox.use(null);
  end();
});

/** So long later, and whatever was due by then is done. */
async function later(milliseconds) {
  mock.timers.tick(milliseconds);
  await outbox.flush();
}

test("a report goes out once it can no longer be taken back", async () => {
  const sent = service(201);
  await outbox.use(SENDER);
  await outbox.add({ kind: "en_route", job_id: "J1" }, ABOUT);
  await later(GRACE - 1);
  assert.deepEqual(sent, []);
  await later(100);
  assert.equal(sent.length, 1);
  assert.equal(sent[0].at, new Date(NOON).toISOString());
  assert.deepEqual(connection, [201]);
});

test("a report that was taken back is never sent", async () => {
  const sent = service(201);
  await outbox.use(SENDER);
  const number = await outbox.add({ kind: "en_route", job_id: "J1" }, ABOUT);
  assert.equal(await outbox.withdraw(number), true);
  await later(2 * GRACE);
  assert.deepEqual(sent, []);
});

test("what was sent cannot be taken back", async () => {
  service(201);
  await outbox.use(SENDER);
  const number = await outbox.add({ kind: "en_route", job_id: "J1" }, ABOUT);
  await later(2 * GRACE);
  assert.equal(await outbox.withdraw(number), false);
  assert.deepEqual(await states(), { J1: "sent" });
});

test("a page that goes out of sight sends at once", async () => {
  const sent = service(201);
  await outbox.use(SENDER);
  await outbox.add({ kind: "en_route", job_id: "J1" }, ABOUT);
  dispatchEvent(new Event("pagehide"));
  await outbox.flush();
  assert.equal(sent.length, 1);
});

test("without a connection it is tried again by itself, each time after twice as long", async () => {
  mock.method(Math, "random", () => 0);
  const sent = service(0);
  await kept("J1");
  await outbox.use(SENDER);
  assert.equal(sent.length, 1);
  const waits = [];
  for (let at = 1; sent.length < 4; at += 1) {
    const before = sent.length;
    mock.timers.tick(1_000);
    await new Promise(setImmediate);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    if (sent.length > before) waits.push(at);
  }
  assert.deepEqual(waits, [2, 6, 14]);
  assert.deepEqual(await states(), { J1: "waiting" });
});

test("whatever waits goes out when the connection comes back", async () => {
  service(0);
  await kept("J1");
  await outbox.use(SENDER);
  const sent = service(201);
  dispatchEvent(new Event("online"));
  await outbox.flush();
  assert.equal(sent.length, 1);
});

test("a refused report is sent again as of now, should its clock have been ahead", async () => {
  service([422, { faults: [{ code: "in_the_future", where: "/at" }] }]);
  await outbox.use(SENDER);
  const number = await outbox.add({ kind: "en_route", job_id: "J1" }, { ...ABOUT, at: new Date(NOON + 3_600_000) });
  await later(2 * GRACE);
  assert.deepEqual(await states(), { J1: "refused" });
  const sent = service(201);
  await outbox.retry(number);
  assert.equal(sent[0].at, new Date(NOON + 2 * GRACE).toISOString());
  assert.deepEqual(await states(), { J1: "sent" });
});

test("who may not report is asked who they are", async () => {
  service(403);
  await kept("J1");
  let isAsked = false;
  outbox.addEventListener("forbidden", () => {
    isAsked = true;
  });
  await outbox.use(SENDER);
  assert.equal(isAsked, true);
});

test("a day that was read after a report was sent shows it; one read before does not", async () => {
  service(201);
  await kept("J1");
  await outbox.use(SENDER);
  await outbox.confirm(NOON - 1);
  assert.deepEqual(await states(), { J1: "sent" });
  await outbox.confirm(NOON);
  assert.deepEqual(await states(), {});
});

test("what others left on the phone is counted, and not shown as one's own", async () => {
  service(201);
  await kept("J1", { technician_id: "T02" });
  await outbox.use(SENDER);
  assert.equal(await outbox.othersWaiting(), 1);
  assert.deepEqual(await outbox.reports(), []);
});
