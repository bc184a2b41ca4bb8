/**
 * What is kept on the phone: reports that wait, days, histories, and a few single values.
 *
 * `reports` are numbered in the order in which they were made; everything else has its own key.
 */

const NAME = "my-day";
let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("reports", { keyPath: "number", autoIncrement: true });
      for (const name of ["days", "histories", "values"]) request.result.createObjectStore(name, { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** The result of one request, once its transaction is safely on the disk. */
async function done(store, mode, work) {
  const transaction = (await database()).transaction(store, mode, { durability: "strict" });
  const request = work(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** Everything in a store, in the order of the keys. */
export const readAll = (store) => done(store, "readonly", (rows) => rows.getAll());
export const read = (store, key) => done(store, "readonly", (rows) => rows.get(key));
/** The row's key, once it is kept. */
export const keep = (store, row) => done(store, "readwrite", (rows) => rows.put(row));
/** Replace a row by what `alter` makes of it (undefined: there is none), with nobody in between. */
export async function change(store, key, alter) {
  let altered;
  await done(store, "readwrite", (rows) => {
    const request = rows.get(key);
    request.addEventListener("success", () => {
      altered = alter(request.result);
      rows.put(altered);
    });
    return request;
  });
  return altered;
}

export const remove = (store, key) => done(store, "readwrite", (rows) => rows.delete(key));
export const empty = (store) => done(store, "readwrite", (rows) => rows.clear());

export async function readValue(key) {
  return (await read("values", key))?.value;
}

export const keepValue = (key, value) => keep("values", { key, value });

/** Everything of who has signed out; reports of others that wait on the same phone stay. */
export async function removeAllOf(technicianId) {
  for (const row of await readAll("reports")) {
    if (row.technician_id === technicianId) await remove("reports", row.number);
  }
  for (const store of ["days", "histories", "values"]) await empty(store);
}
