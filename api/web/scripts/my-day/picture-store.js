/**
 * Photos and signatures that are kept on the phone, in a storage of their own: they are large, and what
 * waits with them must not keep anything else waiting.
 */

import { PhoneStorage } from "./storage.js";

/** @type {PhoneStorage<OnPhone.PictureSchema>} */
const storage = new PhoneStorage("my-day-pictures", (made) => {
  made.createObjectStore("pictures", { keyPath: "id" });
});

/**
 * All that there are, in the order in which they were taken.
 *
 * @returns {Promise<OnPhone.Picture[]>}
 */
export async function readPictures() {
  const rows = await (await storage.begun("pictures", "readonly")).store.getAll();
  return rows.sort((one, other) => one.taken_at - other.taken_at);
}

/** @param {OnPhone.Picture} row */
export async function keepPicture(row) {
  const { store, done } = await storage.begun("pictures", "readwrite");
  await Promise.all([store.put(row), done]);
}

/** @param {string} id */
export async function removePicture(id) {
  const { store, done } = await storage.begun("pictures", "readwrite");
  await Promise.all([store.delete(id), done]);
}
