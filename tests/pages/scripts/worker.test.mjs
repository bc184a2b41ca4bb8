import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { runInNewContext } from "node:vm";

const SCRIPT = new URL("../../../api/web/scripts/my-day/service-worker.js", import.meta.url);
const TOLD = { id: "1", day: "2026-11-24", title: "Tuesday 24/11 has changed", body: "New at 10:00: Repair", language: "en" };

let listeners;
let shown;
let pages;
let opened;

/** A page of this browser; what it is sent and whether it was brought to the front stands in it. */
const page = (url) => {
  const found = { url: `https://dispatch.example${url}`, messages: [], isInFront: false };
  found.postMessage = (message) => found.messages.push(message);
  found.focus = async () => {
    found.isInFront = true;
  };
  return found;
};

beforeEach(() => {
  [listeners, shown, pages, opened] = [{}, [], [], []];
  const self = {
    addEventListener: (type, listener) => {
      listeners[type] = listener;
    },
    clients: { matchAll: async () => pages, openWindow: async (path) => opened.push(path) },
    registration: {
      getNotifications: async ({ tag }) => shown.filter((one) => one.tag === tag),
      showNotification: async (title, options) => shown.push({ title, ...options }),
    },
  };
  runInNewContext(readFileSync(SCRIPT, "utf-8"), { self, URL, KEPT: { version: "1", paths: [] } });
});

async function happens(type, event) {
  let work;
  listeners[type]({
    waitUntil: (given) => {
      work = given;
    },
    ...event,
  });
  await work;
}

const push = (told) => happens("push", { data: { json: () => told } });
const tap = async () => {
  let isClosed = false;
  const close = () => {
    isClosed = true;
  };
  await happens("notificationclick", { notification: { data: { id: "1", day: TOLD.day }, close } });
  assert.ok(isClosed);
};

test("what the service has to say is shown, one notice for each day", async () => {
  await push(TOLD);
  await push({ ...TOLD, day: "2026-11-23" });
  assert.deepEqual(
    shown.map(({ title, body, tag, lang }) => [title, body, tag, lang]),
    [
      [TOLD.title, TOLD.body, "day-2026-11-24", "en"],
      [TOLD.title, TOLD.body, "day-2026-11-23", "en"],
    ],
  );
});

test("what comes again makes no noise, and what is new does", async () => {
  await push(TOLD);
  await push(TOLD);
  await push({ ...TOLD, id: "2" });
  assert.deepEqual(
    shown.map(({ renotify }) => renotify),
    [true, false, true],
  );
});

test("an open page learns of it, and one that looks at somebody else's day does not", async () => {
  pages = [page("/my-day"), page("/my-day?technician=T02"), page("/sign-in")];
  await push(TOLD);
  assert.deepEqual(
    pages.map(({ messages }) => messages.length),
    [1, 0, 0],
  );
});

test("a tap opens the page at that day", async () => {
  pages = [page("/my-day?technician=T02")];
  await tap();
  assert.deepEqual(opened, ["/my-day?day=2026-11-24"]);
});

test("a tap goes to the page that is open, which shows the day", async () => {
  pages = [page("/my-day?day=2026-11-20")];
  await tap();
  assert.deepEqual(opened, []);
  assert.equal(pages[0].messages[0].tapped, TOLD.day);
  assert.ok(pages[0].isInFront);
});
