/** All that the page knows and shows, in one place. Whoever changes it says so by `changed()`. */

/** @type {OnPhone.State} */
export const state = {
  session: null,
  technicianId: "",
  isReadOnly: true,
  iso: "",
  today: "",
  tab: "stops",
  kept: undefined,
  van: undefined,
  reports: [],
  pictures: [],
  ticks: new Set(),
  connection: "unknown",
  isBusy: false,
  lastSentAt: null,
  others: 0,
  goesByItself: false,
  refusal: null,
  histories: 0,
};

let draw = () => {};

/**
 * Have it drawn.
 *
 * @param {() => void} listener
 */
export function whenChanged(listener) {
  draw = listener;
}

/** Something of it is different; as soon as it is known whose day it is, it is drawn. */
export function changed() {
  if (state.iso && state.technicianId) draw();
}

/**
 * What became of the last request, whichever it was.
 *
 * @param {number} status
 */
export function noteConnection(status) {
  const found = status === 0 ? "away" : status === 401 ? "signed_out" : status === 429 || status >= 500 ? "busy" : "there";
  if (found === state.connection) return;
  state.connection = found;
  changed();
}
