/** The service's HTTP interface, as everybody may use it. */

const CSRF_COOKIE = "dispatch_csrf";

/** The service refused, or could not be reached (`status` 0). */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {Api.Problem} problem
   * @param {number} [secondsToWait]
   */
  constructor(status, problem, secondsToWait = 0) {
    super(problem.detail ?? problem.title);
    this.status = status;
    this.faults = problem.faults ?? [];
    /**
     * What is said instead, where a page knows better.
     *
     * @type {string | undefined}
     */
    this.words = undefined;
    this.secondsToWait = secondsToWait;
  }
}

/** @typedef {{ signal?: AbortSignal, headers?: Record<string, string>, quiet?: boolean }} Options */

/**
 * Whether the service could not be asked at all.
 *
 * @param {unknown} error
 */
export const isAway = (error) => error instanceof Refused && error.status === 0;

/**
 * Whether whoever asked does not want to know any more.
 *
 * @param {unknown} error
 */
export const wasGivenUp = (error) => error instanceof Error && error.name === "AbortError";

/**
 * What becomes of a page when the service does not know any more who asks.
 *
 * @type {{ noted: () => void, signIn: () => Promise<boolean> }}
 */
const signedOut = { noted: () => {}, signIn: leaveForSignIn };

/**
 * A page that has something to lose: `noted()` is told that the session is over, and `signIn()` asks
 * whoever is there to sign in again, on the page; it gives whether they have.
 *
 * @param {{ noted: () => void, signIn: () => Promise<boolean> }} page
 */
export function whenSignedOut({ noted, signIn }) {
  Object.assign(signedOut, { noted, signIn });
}

/**
 * Nothing is lost yet: signing in leads back here. What was asked is never answered.
 *
 * @returns {Promise<never>}
 */
function leaveForSignIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {});
}

/**
 * The answer's body (null without one). Raises `Refused`. Where signing in is due it comes first, and
 * the request goes out again; unless it is `quiet`, because nobody who looks at the page asked for it.
 *
 * @template {string} Method
 * @template {string} Path
 * @param {Method} method
 * @param {Path} path
 * @param {unknown} [body]
 * @param {Options} [options]
 * @returns {Promise<Api.Answer<Method, Path>>}
 */
export async function ask(method, path, body = undefined, { signal, headers = {}, quiet = false } = {}) {
  /** @type {Record<string, string>} */
  const sent = { Accept: "application/json", ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (method !== "GET") sent["X-CSRF-Token"] = csrfToken();
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: sent,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch (error) {
    if (wasGivenUp(error)) throw error;
    throw new Refused(0, { title: String(error) });
  }
  const content = await answer.text();
  const isJson = (answer.headers.get("content-type") ?? "").includes("json");
  // Where a Wi-Fi network wants whoever uses it to sign in, its page comes as the answer to anything.
  if (answer.ok && content && !isJson) throw new Refused(0, { title: answer.headers.get("content-type") ?? "" });
  const parsed = content && isJson ? JSON.parse(content) : null;
  if (answer.ok) return parsed;
  const isLapsed = answer.status === 401 && !(method === "POST" && path === "/session");
  if (isLapsed) signedOut.noted();
  if (isLapsed && !quiet && (await signedOut.signIn())) {
    signal?.throwIfAborted();
    return ask(method, path, body, { signal, headers, quiet: true });
  }
  const secondsToWait = Number(answer.headers.get("retry-after") ?? 0);
  throw new Refused(answer.status, parsed ?? { title: answer.statusText }, secondsToWait);
}

/**
 * @template {string} Path
 * @param {Path} path
 * @param {Options} [options]
 * @returns {Promise<Api.Read<Path>>}
 */
export const get = (path, options) => ask("GET", path, undefined, options);

/**
 * @template {string} Path
 * @param {Path} path
 * @param {unknown} [body]
 * @param {Options} [options]
 * @returns {Promise<Api.Posted<Path>>}
 */
export const post = (path, body = {}, options) => ask("POST", path, body, options);

/** What has to go with every request that changes something. */
export function csrfToken() {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${CSRF_COOKIE}=`));
  return found ? decodeURIComponent(found.slice(CSRF_COOKIE.length + 1)) : "";
}
