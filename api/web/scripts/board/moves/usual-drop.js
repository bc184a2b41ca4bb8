/** What a drop usually means in this browser: the time where it is dropped, or as early as its place allows. */

const KEPT_AS = "drop-early";

export const isUsuallyEarly = () => localStorage.getItem(KEPT_AS) === "on";

/** @param {boolean} isWanted */
export function setUsuallyEarly(isWanted) {
  localStorage.setItem(KEPT_AS, isWanted ? "on" : "off");
}
