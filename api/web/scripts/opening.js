/**
 * What a page needs before it can show anything: its texts, who is signed in, the first data. It is
 * asked for until it is there; meanwhile the page says what is in the way, and when it tries again.
 */

import { byId } from "./dom.js";
import { Refused } from "./http.js";
import { hasTexts, text } from "./texts.js";

const LONGEST_SECONDS = 30;

/** @typedef {{ error: unknown, seconds: number, again: () => void }} Waiting */

/**
 * What is waited for.
 *
 * @type {Set<Waiting>}
 */
const waiting = new Set();

/**
 * The answer of `work`, however often that takes. What the service asks for in `Retry-After` is kept
 * to. `isPassing(error)`: whether it is worth trying again; else the error is raised.
 *
 * @template Answer
 * @param {() => Promise<Answer>} work
 * @param {{ isPassing?: (error: unknown) => boolean }} [options]
 * @returns {Promise<Answer>}
 */
export async function insist(work, { isPassing = isPassingRefusal } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await work();
      sessionStorage.removeItem("loads_failed");
      // It may have been the texts that were missing.
      draw();
      return answer;
    } catch (error) {
      if (!isPassing(error)) throw error;
      const asked = error instanceof Refused ? error.secondsToWait : 0;
      await pause(error, asked || Math.min(LONGEST_SECONDS, 2 ** (attempt + 1)));
    }
  }
}

/** @param {unknown} error */
const isPassingRefusal = (error) => error instanceof Refused && error.status !== 401;

/**
 * @param {unknown} error
 * @param {number} seconds
 * @returns {Promise<void>}
 */
function pause(error, seconds) {
  return new Promise((done) => {
    const one = { error, seconds, again };
    const timer = setTimeout(again, seconds * 1000);
    waiting.add(one);
    draw();
    function again() {
      clearTimeout(timer);
      waiting.delete(one);
      draw();
      done();
    }
  });
}

function draw() {
  const [first] = waiting;
  byId("opening").hidden = !first;
  // Without texts it says so in every language, as it stands in the page.
  if (!first || !hasTexts()) return;
  const status = first.error instanceof Refused ? first.error.status : undefined;
  byId("opening-words").replaceChildren(text(keyOf(status), { count: Math.ceil(first.seconds), status: status ?? "" }));
  byId("opening-again").textContent = text("opening.again");
}

/** @param {number | undefined} status */
function keyOf(status) {
  if (status === undefined) return "opening.storage";
  if (status === 0) return "opening.away";
  if (status === 403) return "opening.not_allowed";
  return status === 429 || status === 503 ? "opening.busy" : "opening.failed";
}

function tryAgain() {
  for (const one of [...waiting]) one.again();
}

byId("opening-again").addEventListener("click", tryAgain);
addEventListener("online", tryAgain);
