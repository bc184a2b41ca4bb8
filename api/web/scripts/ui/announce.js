/** Saying something to those who do not see it: a polite live region. */

import { byId } from "../dom.js";

/** @param {string} words */
export function announce(words) {
  const region = byId("announcements");
  // The same words twice in a row are two messages.
  region.textContent = region.textContent === words ? `${words}\u00a0` : words;
}
