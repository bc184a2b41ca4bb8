/**
 * The service, as a page asks it that has to live with one bar of signal: every answer says what
 * became of the request, nothing leads away from the page, and nothing is waited for in vain.
 */

import { csrfToken } from "../http.js";

const PATIENCE = 20_000;

/** How far the phone's clock was ahead of the service's at the last answer, in milliseconds; negative: behind. */
export let ahead = 0;

/**
 * `{status, body, etag, retryAfter}`; status 0 if the service could not be reached, or did not
 * answer in time. `token` belongs to the session for which something is changed; if none is given, it is
 * whichever the page has now.
 *
 * @template {string} Method
 * @template {string} Path
 * @param {Method} method
 * @param {Path} path
 * @param {{ body?: unknown, etag?: string | null, token?: string, keepalive?: boolean }} [options]
 * @returns {Promise<OnPhone.Answer<Api.Answer<Method, Path>>>}
 */
export async function request(method, path, { body, etag, token, keepalive = false } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = token ?? csrfToken();
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
    const saidAt = Date.parse(answer.headers.get("Date") ?? "");
    if (!Number.isNaN(saidAt)) ahead = Date.now() - saidAt;
    return {
      ...(await understood(answer)),
      etag: answer.headers.get("ETag"),
      retryAfter: Number(answer.headers.get("Retry-After")) || null,
    };
  } catch {
    return { status: 0, body: null, etag: null, retryAfter: null };
  } finally {
    clearTimeout(timer);
  }
}

/** A picture takes its time on a slow line. */
const UPLOAD_PATIENCE = 170_000;

/**
 * Send something that is no JSON; answers as `request` does. `signal` gives it up.
 *
 * @param {string} path
 * @param {{ content: ArrayBuffer, mediaType: string, token: string, signal?: AbortSignal }} options
 * @returns {Promise<OnPhone.Answer<unknown>>}
 */
export async function upload(path, { content, mediaType, token, signal }) {
  const headers = { Accept: "application/json", "Content-Type": mediaType, "X-CSRF-Token": token };
  const patience = new AbortController();
  const giveUp = () => patience.abort();
  const timer = setTimeout(giveUp, UPLOAD_PATIENCE);
  signal?.addEventListener("abort", giveUp);
  try {
    const answer = await fetch(path, { method: "POST", headers, body: content, credentials: "same-origin", signal: patience.signal });
    return { ...(await understood(answer)), etag: null, retryAfter: null };
  } catch {
    return { status: 0, body: null, etag: null, retryAfter: null };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

/**
 * Where a Wi-Fi network wants whoever uses it to sign in, its page comes as the answer to anything, and
 * the service has heard nothing of it.
 *
 * @param {Response} answer
 */
async function understood(answer) {
  const content = await answer.text();
  try {
    return { status: answer.status, body: content ? JSON.parse(content) : null };
  } catch {
    return { status: answer.ok ? 0 : answer.status, body: null };
  }
}
