/**
 * The service, as a page asks it that has to live with one bar of signal: every answer says what
 * became of the request, nothing leads away from the page, and nothing is waited for in vain.
 */

import { csrfToken } from "../http.js";

const PATIENCE = 20_000;
let ahead = 0;

/** This moment by the service's clock, as far as it is known: a phone's may be wrong. */
export const now = () => new Date(Date.now() + ahead);

/**
 * `{status, body, etag, retryAfter}`; status 0 if the service could not be reached, or did not
 * answer in time.
 */
export async function request(method, path, { body, etag, keepalive = false } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrfToken();
  if (etag) headers["If-None-Match"] = etag;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  try {
    const answer = await fetch(path, {
      method,
      headers,
      keepalive,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: patience.signal,
    });
    setClock(answer);
    const content = await answer.text();
    return {
      status: answer.status,
      body: content ? parsed(content) : null,
      etag: answer.headers.get("ETag"),
      retryAfter: Number(answer.headers.get("Retry-After")) || null,
    };
  } catch {
    return { status: 0, body: null, etag: null, retryAfter: null };
  } finally {
    clearTimeout(timer);
  }
}

function parsed(content) {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

/** Headers tell the second at best, and were on their way: small differences are none. */
function setClock(answer) {
  const there = Date.parse(answer.headers.get("Date") ?? "");
  if (Number.isNaN(there)) return;
  const difference = there - Date.now();
  ahead = Math.abs(difference) > 30_000 ? difference : 0;
}
