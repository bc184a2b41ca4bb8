/**
 * Photos and signatures that are kept on the phone, in a storage of their own: they are large, and what
 * waits with them must not keep anything else waiting.
 */

import { openDB } from "/pages/idb/index.js";

const NAME = "my-day-pictures";
/** @type {Promise<import("/pages/idb/index.js").IDBPDatabase<OnPhone.PictureSchema>> | undefined} */
let opened;

/** Opened once; what failed, or was closed by the phone, is opened anew by whoever asks next. */
function database() {
  opened ??= open().catch((error) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

/** @returns {Promise<import("/pages/idb/index.js").IDBPDatabase<OnPhone.PictureSchema>>} */
function open() {
  return openDB(NAME, 1, {
    upgrade(made) {
      made.createObjectStore("pictures", { keyPath: "id" });
    },
    terminated() {
      opened = undefined;
    },
  });
}

/**
 * All that there are, in the order in which they were taken.
 *
 * @returns {Promise<OnPhone.Picture[]>}
 */
export async function readPictures() {
  const rows = await (await database()).getAll("pictures");
  return rows.sort((one, other) => one.taken_at - other.taken_at);
}

/** @param {OnPhone.Picture} row */
export async function keepPicture(row) {
  const begun = (await database()).transaction("pictures", "readwrite", { durability: "strict" });
  await Promise.all([begun.store.put(row), begun.done]);
}

/** @param {string} id */
export async function removePicture(id) {
  await (await database()).delete("pictures", id);
}
