/**
 * What is kept on the phone: reports that wait and what was taken into the van, days, histories, and a few single values.
 *
 * `reports` are numbered in the order in which they were made; everything else has its own key.
 */

import { PhoneStorage } from "./storage.js";

/** @type {PhoneStorage<OnPhone.Schema>} */
const storage = new PhoneStorage("my-day", (made) => {
  made.createObjectStore("reports", { keyPath: "number", autoIncrement: true });
  made.createObjectStore("days", { keyPath: "key" });
  made.createObjectStore("histories", { keyPath: "key" });
  made.createObjectStore("values", { keyPath: "key" });
});

/**
 * Ask the browser to throw none of it away when the phone runs short of room; until it has agreed,
 * which browsers do once the page is used, it is asked again.
 */
export async function keepForGood() {
  const whole = navigator.storage;
  if (!whole?.persist) return;
  try {
    if (!(await whole.persisted())) await whole.persist();
  } catch {
    // It is kept as long as there is room, as without asking.
  }
}

/**
 * Everything in a store, in the order of the keys.
 *
 * @template {OnPhone.Store} Name
 * @param {Name} store
 * @returns {Promise<OnPhone.Row<Name>[]>}
 */
export async function readAll(store) {
  return (await storage.begun(store, "readonly")).store.getAll();
}

/**
 * @template {OnPhone.Store} Name
 * @param {Name} store
 * @param {OnPhone.Key<Name>} key
 * @returns {Promise<OnPhone.Row<Name> | undefined>}
 */
export async function read(store, key) {
  return (await storage.begun(store, "readonly")).store.get(key);
}

/**
 * The row's key, once it is safely on the disk. A new report gets its number here.
 *
 * @template {OnPhone.Store} Name
 * @param {Name} store
 * @param {Name extends "reports" ? OnPhone.NewRow | OnPhone.Row<"reports"> : OnPhone.Row<Name>} row
 * @returns {Promise<OnPhone.Key<Name>>}
 */
export async function keep(store, row) {
  const { store: rows, done } = await storage.begun(store, "readwrite");
  const [key] = await Promise.all([rows.put(/** @type {OnPhone.Row<Name>} */ (row)), done]);
  return key;
}

/**
 * Replace a row by what `alter` makes of it (undefined: there is none), with nobody in between.
 *
 * @template {OnPhone.Store} Name
 * @param {Name} store
 * @param {OnPhone.Key<Name>} key
 * @param {(row: OnPhone.Row<Name> | undefined) => OnPhone.Row<Name>} alter
 * @returns {Promise<OnPhone.Row<Name>>}
 */
export async function change(store, key, alter) {
  const { store: rows, done } = await storage.begun(store, "readwrite");
  const altered = alter(await rows.get(key));
  await Promise.all([rows.put(altered), done]);
  return altered;
}

/**
 * @template {OnPhone.Store} Name
 * @param {Name} store
 * @param {OnPhone.Key<Name>} key
 */
export async function remove(store, key) {
  const { store: rows, done } = await storage.begun(store, "readwrite");
  await Promise.all([rows.delete(key), done]);
}

/** @param {OnPhone.Store} store */
export async function empty(store) {
  const { store: rows, done } = await storage.begun(store, "readwrite");
  await Promise.all([rows.clear(), done]);
}

/**
 * @template {keyof OnPhone.Values} Name
 * @param {Name} key
 * @returns {Promise<OnPhone.Values[Name] | undefined>}
 */
export async function readValue(key) {
  return (await read("values", key))?.value;
}

/**
 * @template {keyof OnPhone.Values} Name
 * @param {Name} key
 * @param {OnPhone.Values[Name]} value
 */
export const keepValue = (key, value) => keep("values", { key, value });

/**
 * Everything of who has signed out; reports of others that wait on the same phone stay.
 *
 * @param {string | null} technicianId
 */
export async function removeAllOf(technicianId) {
  for (const row of await readAll("reports")) {
    if (row.technician_id === technicianId) await remove("reports", row.number);
  }
  for (const store of /** @type {const} */ (["days", "histories", "values"])) await empty(store);
}
