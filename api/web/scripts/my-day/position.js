/** Saying where the van is: only if its technician wants that, only while the page is open. */

import { request } from "./service.js";

/** @typedef {{ latitude: number, longitude: number }} Place */

const FARTHEST = 150;
const SELDOMEST = 300_000;
const OFTENEST = 30_000;

/** @type {number | null} */
let watch = null;
/** @type {(Place & { at: number }) | null} */
let last = null;

export const canShare = () => "geolocation" in navigator;

/**
 * Begin to tell; `onFailure` is called if the phone does not say where it is.
 *
 * @param {string} technicianId
 * @param {() => void} onFailure
 */
export function startSharing(technicianId, onFailure) {
  stopSharing();
  if (!canShare()) return onFailure();
  watch = navigator.geolocation.watchPosition(
    (found) => tell(technicianId, found.coords),
    (error) => {
      if (error.code !== error.PERMISSION_DENIED) return; // a cellar: there will be another
      stopSharing();
      onFailure();
    },
    { enableHighAccuracy: false, maximumAge: 60_000 },
  );
}

export function stopSharing() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
  last = null;
}

/**
 * Only the newest counts, so that none is kept for later.
 *
 * @param {string} technicianId
 * @param {Place} place
 */
async function tell(technicianId, { latitude, longitude }) {
  const since = last ? Date.now() - last.at : Infinity;
  const way = last ? metres(last, { latitude, longitude }) : Infinity;
  if (since < OFTENEST || (way < FARTHEST && since < SELDOMEST)) return;
  last = { latitude, longitude, at: Date.now() };
  await request("POST", `/technicians/${encodeURIComponent(technicianId)}/position`, {
    body: { latitude, longitude, at: new Date().toISOString() },
  });
}

/**
 * As the crow flies; near enough for a few streets.
 *
 * @param {Place} one
 * @param {Place} other
 */
function metres(one, other) {
  const degree = 111_195;
  const across = (other.longitude - one.longitude) * Math.cos((one.latitude * Math.PI) / 180);
  return Math.hypot(other.latitude - one.latitude, across) * degree;
}
