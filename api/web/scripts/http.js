/** The service's HTTP interface, as everybody may use it. */

const CSRF_COOKIE = "dispatch_csrf";

/** The service refused, or could not be reached (`status` 0). */
export class Refused extends Error {
  constructor(status, problem, secondsToWait = 0) {
    super(problem.detail ?? problem.title);
    this.status = status;
    this.faults = problem.faults ?? [];
    this.secondsToWait = secondsToWait;
  }
}

/** Whether the service could not be asked at all. */
export const isAway = (error) => error instanceof Refused && error.status === 0;

/** The answer's body (null without one). Raises `Refused`; leads to signing in where that is due. */
export async function ask(method, path, body = undefined, { signal, headers = {} } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (method !== "GET") sent["X-CSRF-Token"] = csrfToken();
  let answer;
  try {
    answer = await fetch(path, { method, headers: sent, signal, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { title: error.message });
  }
  const content = await answer.text();
  const isJson = (answer.headers.get("content-type") ?? "").includes("json");
  const parsed = content && isJson ? JSON.parse(content) : null;
  if (answer.ok) return parsed;
  if (answer.status === 401 && !location.pathname.startsWith("/sign-in")) {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  const secondsToWait = Number(answer.headers.get("retry-after") ?? 0);
  throw new Refused(answer.status, parsed ?? { title: answer.statusText }, secondsToWait);
}

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body = {}, options) => ask("POST", path, body, options);

/** What has to go with every request that changes something. */
export function csrfToken() {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${CSRF_COOKIE}=`));
  return found ? decodeURIComponent(found.slice(CSRF_COOKIE.length + 1)) : "";
}
