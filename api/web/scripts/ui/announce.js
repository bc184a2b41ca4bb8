/** Saying something to those who do not see it: a polite live region. */

import { byId, element } from "../dom.js";

/** What is said within such a time of something else would else not be heard, or silence it. */
const TOGETHER_MILLISECONDS = 1_000;

/** @param {string} words */
export function announce(words) {
  const region = byId("announcements");
  const before = [...region.children];
  // A line of its own: the same words twice in a row are two messages.
  region.append(element("p", {}, words));
  setTimeout(() => {
    for (const line of before) line.remove();
  }, TOGETHER_MILLISECONDS);
}
