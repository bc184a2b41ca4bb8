// A phone with a storage of its own, and a service that answers as a test says.

import "fake-indexeddb/auto";
import { mock } from "node:test";

import { empty, keep, readAll } from "../../../api/web/scripts/my-day/store.js";
import { at, report } from "./company.mjs";

export const NOON = Date.parse(at("12:00"));
export const SENDER = { technician_id: "T01", csrf_token: "token" };

/** It is noon, nothing is kept, and no time passes but by `mock.timers.tick`. */
export async function begin() {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: NOON });
  for (const store of ["reports", "days", "histories", "values"]) await empty(store);
}

export const end = () => mock.timers.reset();

/**
 * What was sent from now on, by ids of reports. `answers` are statuses, or those with a body, in
 * turn; the last one goes on for ever.
 */
export function service(...answers) {
  const sent = [];
  globalThis.fetch = async (_path, { body, headers }) => {
    sent.push({ ...JSON.parse(body), token: headers["X-CSRF-Token"] });
    const [status, answer = {}, more = {}] = [answers.length > 1 ? answers.shift() : answers[0]].flat();
    if (status === 0) throw new TypeError("no connection");
    return new Response(JSON.stringify(answer), { status, headers: more });
  };
  return sent;
}

/** Keep a report that was made before the time in which it can be taken back. */
export async function kept(jobId, more = {}) {
  const { number, ...row } = report("en_route", jobId, "11:00", more);
  return keep("reports", row);
}

export const states = async () => Object.fromEntries((await readAll("reports")).map((row) => [row.body.job_id, row.state]));
