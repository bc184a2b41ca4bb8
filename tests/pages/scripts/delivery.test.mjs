import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { deliver, GRACE } from "../../../api/web/scripts/my-day/delivery.js";
import { readAll, readValue } from "../../../api/web/scripts/my-day/store.js";
import { begin, end, kept, NOON, SENDER, service, states } from "./phone.mjs";

const jobs = (sent) => sent.map((body) => body.job_id);

beforeEach(begin);
afterEach(end);

test("what waits goes out in the order in which it was made, for the session that it belongs to", async () => {
  const sent = service(201);
  for (const job of ["J1", "J2", "J3"]) await kept(job);
  assert.equal((await deliver(SENDER)).outcome, "done");
  assert.deepEqual(jobs(sent), ["J1", "J2", "J3"]);
  assert.ok(sent.every(({ token }) => token === "token"));
  assert.deepEqual(await states(), { J1: "sent", J2: "sent", J3: "sent" });
  assert.equal(await readValue("last_sent_at"), NOON);
});

test("what was taken is not sent again", async () => {
  await kept("J1");
  service(201);
  await deliver(SENDER);
  const sent = service(201);
  await deliver(SENDER);
  assert.deepEqual(sent, []);
});

test("reports of others who used the phone stay", async () => {
  const sent = service(201);
  await kept("J1", { technician_id: "T02" });
  assert.equal((await deliver(SENDER)).outcome, "done");
  assert.deepEqual(sent, []);
});

test("what can still be taken back waits, unless it is urgent", async () => {
  const sent = service(201);
  await kept("J1", { made_at: NOON - 2_000 });
  assert.deepEqual(await deliver(SENDER), { outcome: "early", wait: GRACE - 2_000 });
  assert.deepEqual(sent, []);
  await deliver(SENDER, { isUrgent: () => true });
  assert.deepEqual(jobs(sent), ["J1"]);
});

test("a clock that was set back makes nobody wait", async () => {
  const sent = service(201);
  await kept("J1", { made_at: NOON + 3_600_000 });
  await deliver(SENDER);
  assert.deepEqual(jobs(sent), ["J1"]);
});

test("what the service refuses is put aside with the reason, and keeps nobody waiting", async () => {
  const fault = { code: "job_is_over", where: "/job_id" };
  const sent = service([422, { faults: [fault] }], 201);
  for (const job of ["J1", "J2"]) await kept(job);
  assert.equal((await deliver(SENDER)).outcome, "done");
  assert.deepEqual(jobs(sent), ["J1", "J2"]);
  assert.deepEqual(await states(), { J1: "refused", J2: "sent" });
  assert.deepEqual((await readAll("reports"))[0].faults, [fault]);
});

for (const [status, outcome] of [
  [0, "away"],
  [429, "away"],
  [503, "away"],
  [401, "signed_out"],
  [403, "forbidden"],
  [500, "failed"],
  [409, "failed"],
]) {
  test(`an answer of ${status} ends the attempt as ${outcome}, and the order stays`, async () => {
    const sent = service(status);
    for (const job of ["J1", "J2"]) await kept(job);
    assert.equal((await deliver(SENDER)).outcome, outcome);
    assert.deepEqual(jobs(sent), ["J1"]);
    assert.deepEqual(await states(), { J1: "waiting", J2: "waiting" });
  });
}

test("a clash that is the report's own fault is a refusal", async () => {
  service([409, { faults: [{ code: "taken", where: "/id" }] }]);
  await kept("J1");
  assert.equal((await deliver(SENDER)).outcome, "done");
  assert.deepEqual(await states(), { J1: "refused" });
});

test("what the service asks to be waited for is said", async () => {
  service([503, {}, { "Retry-After": "7" }]);
  await kept("J1");
  assert.deepEqual(await deliver(SENDER), { outcome: "away", wait: 7_000 });
});

test("a report with which the service failed five times lets the others go first", async () => {
  await kept("J1");
  await kept("J2");
  service(500);
  for (let attempt = 0; attempt < 5; attempt += 1) await deliver(SENDER);
  const sent = service(201);
  await deliver(SENDER);
  assert.deepEqual(jobs(sent), ["J2", "J1"]);
});

test("the page is told before each report and after it", async () => {
  service(201);
  await kept("J1");
  const told = [];
  await deliver(SENDER, { sending: () => told.push("sending"), answered: (status, outcome) => told.push(status, outcome) });
  assert.deepEqual(told, ["sending", 201, "taken"]);
});
