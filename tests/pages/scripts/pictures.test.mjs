import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Outbox } from "../../../api/web/scripts/my-day/outbox.js";
import { deliverPictures } from "../../../api/web/scripts/my-day/picture-delivery.js";
import { PictureQueue } from "../../../api/web/scripts/my-day/picture-queue.js";
import { keepPicture, readPictures, removePicture } from "../../../api/web/scripts/my-day/picture-store.js";
import { begin, end, kept, NOON, SENDER } from "./phone.mjs";

beforeEach(async () => {
  await begin();
  for (const { id } of await readPictures()) await removePicture(id);
});
afterEach(end);

const CONTENT = new Uint8Array([255, 216, 255]).buffer;
const JPEG = new Blob([CONTENT], { type: "image/jpeg" });

/** A picture that waits, taken so many minutes before noon. */
const taken = (id, minutes, more = {}) =>
  keepPicture({
    id,
    technician_id: "T01",
    job_id: "J 1",
    kind: "photo",
    content: CONTENT,
    media_type: "image/jpeg",
    taken_at: NOON - minutes * 60_000,
    state: "waiting",
    attempts: 0,
    ...more,
  });

/** The service, which answers each request in turn with one of these; what it was sent. */
function service(...answers) {
  const sent = [];
  globalThis.fetch = async (path, { headers, body }) => {
    sent.push({ path, headers, body });
    const [status, answer = {}] = [answers.length > 1 ? answers.shift() : answers[0]].flat();
    if (status === 0) throw new TypeError("no connection");
    return new Response(JSON.stringify(answer), { status });
  };
  return sent;
}

const states = async () => Object.fromEntries((await readPictures()).map((row) => [row.id, row.state]));

test("pictures go out in the order in which they were taken, each under its own id", async () => {
  await taken("late", 1);
  await taken("early", 5);
  const sent = service(201);
  assert.equal(await deliverPictures(SENDER), "done");
  const moment = encodeURIComponent(new Date(NOON - 5 * 60_000).toISOString());
  assert.equal(sent[0].path, `/jobs/J%201/attachments?kind=photo&id=early&taken_at=${moment}`);
  assert.equal(sent[0].headers["Content-Type"], "image/jpeg");
  assert.equal(sent[0].headers["X-CSRF-Token"], "token");
  assert.equal(sent[0].body.byteLength, 3);
  assert.deepEqual(await states(), { early: "sent", late: "sent" });
});

test("those of others who used the phone stay", async () => {
  await taken("other", 1, { technician_id: "T02" });
  const sent = service(201);
  assert.equal(await deliverPictures(SENDER), "done");
  assert.deepEqual(sent, []);
});

test("what the service refuses is put aside with the reason; without a connection all of it waits", async () => {
  await taken("first", 2);
  await taken("second", 1);
  service([422, { faults: [{ code: "no_picture", where: "" }] }], 0);
  assert.equal(await deliverPictures(SENDER), "away");
  assert.deepEqual(await states(), { first: "refused", second: "waiting" });
  assert.equal((await readPictures())[0].faults[0].code, "no_picture");
});

test("one with which the service fails again and again lets the others go first", async () => {
  await taken("first", 2);
  await taken("second", 1);
  service(500);
  for (let attempt = 0; attempt < 5; attempt += 1) assert.equal(await deliverPictures(SENDER), "failed");
  const sent = service(201);
  await deliverPictures(SENDER);
  assert.deepEqual(
    sent.map(({ path }) => /id=(\w+)/.exec(path)[1]),
    ["second", "first"],
  );
});

test("a picture waits for reports, and goes out after them", async () => {
  const outbox = new Outbox(() => {});
  const queue = new PictureQueue(outbox);
  service(0);
  await kept("J1");
  await outbox.use(SENDER);
  await queue.use(SENDER);
  await queue.add("J1", "signature", JPEG);
  const sent = service(201);
  await queue.flush();
  assert.deepEqual(sent, []);
  await outbox.flush();
  await queue.flush();
  assert.deepEqual(
    sent.map(({ path }) => path.split("?")[0]),
    ["/technicians/T01/reports", "/jobs/J1/attachments"],
  );
  await outbox.use(null);
  await queue.use(null);
});

test("a report that is made while a picture is on its way goes first", async () => {
  const outbox = new Outbox(() => {});
  const queue = new PictureQueue(outbox);
  await outbox.use(SENDER);
  await queue.use(SENDER);
  const paths = [];
  let isSlow = true;
  globalThis.fetch = (path, { signal }) => {
    paths.push(path.split("?")[0]);
    const isHeldUp = isSlow && path.includes("attachments");
    return new Promise((answered, failed) => {
      signal?.addEventListener("abort", () => failed(new TypeError("given up")));
      if (!isHeldUp) answered(new Response("{}", { status: 201 }));
    });
  };
  await queue.add("J1", "photo", JPEG);
  while (!paths.length) await new Promise(setImmediate);
  await outbox.add({ kind: "on_site", job_id: "J1" }, { title: "T", place: null });
  isSlow = false;
  await outbox.flush(true);
  await queue.flush();
  await queue.flush();
  assert.deepEqual(paths, ["/jobs/J1/attachments", "/technicians/T01/reports", "/jobs/J1/attachments"]);
  const [row] = await readPictures();
  assert.equal(row.state, "sent");
  await outbox.use(null);
  await queue.use(null);
});
