/** Pictures on their way to the service: scaled down here, so that they come through on a slow line. */

import { Refused } from "./http.js";

const LONGEST_SIDE = 1_600;
const QUALITY = 0.82;
/** The code by which the service would refuse it. */
const NO_PICTURE = "no_picture";

/**
 * The picture as a JPEG, upright, at most 1,600 pixels long. Raises `Refused` for what the browser cannot read.
 *
 * @param {Blob} file
 * @returns {Promise<Blob>}
 */
export async function scaledDown(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Refused(422, { title: NO_PICTURE, faults: [{ code: NO_PICTURE, where: "" }] });
  }
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * factor));
  canvas.height = Math.max(1, Math.round(bitmap.height * factor));
  const drawing = canvas.getContext("2d");
  if (!drawing) throw new Error("there is nothing to draw on");
  // What is clear would become black.
  drawing.fillStyle = "#ffffff";
  drawing.fillRect(0, 0, canvas.width, canvas.height);
  drawing.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return asFile(canvas, "image/jpeg");
}

/**
 * What is drawn on the canvas.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {"image/jpeg" | "image/png"} type
 * @returns {Promise<Blob>}
 */
export function asFile(canvas, type) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((made) => (made ? resolve(made) : reject(new Error("the picture could not be written"))), type, QUALITY);
  });
}

/**
 * Where a job's pictures are sent.
 *
 * @param {string} jobId
 * @returns {`/jobs/${string}/attachments`}
 */
export const picturesOf = (jobId) => `/jobs/${encodeURIComponent(jobId)}/attachments`;
