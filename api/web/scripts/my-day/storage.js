/** Storages on the phone, which it may close whenever it likes. */

import { openDB } from "idb";

/**
 * Opened once; what failed, or was closed by the phone, is opened anew by whoever asks next.
 *
 * @template {import("idb").DBSchema} Schema
 */
export class PhoneStorage {
  #name;
  #make;
  /** @type {Promise<import("idb").IDBPDatabase<Schema>> | undefined} */
  #opened;

  /**
   * @param {string} name
   * @param {(made: import("idb").IDBPDatabase<Schema>) => void} make creates its stores, on a phone that has none yet
   */
  constructor(name, make) {
    this.#name = name;
    this.#make = make;
  }

  /**
   * A transaction of one store, which is on the disk once it is done.
   *
   * @template {import("idb").StoreNames<Schema>} Name
   * @template {"readonly" | "readwrite"} Mode
   * @param {Name} store
   * @param {Mode} mode
   */
  async begun(store, mode) {
    try {
      return await this.#begin(store, mode);
    } catch (error) {
      // Closed before anybody was told.
      if (!(error instanceof DOMException) || error.name !== "InvalidStateError") throw error;
      this.#opened = undefined;
      return await this.#begin(store, mode);
    }
  }

  /**
   * @template {import("idb").StoreNames<Schema>} Name
   * @template {"readonly" | "readwrite"} Mode
   * @param {Name} store
   * @param {Mode} mode
   */
  async #begin(store, mode) {
    this.#opened ??= this.#open().catch((error) => {
      this.#opened = undefined;
      throw error;
    });
    return (await this.#opened).transaction(store, mode, { durability: "strict" });
  }

  /** @returns {Promise<import("idb").IDBPDatabase<Schema>>} */
  async #open() {
    return openDB(this.#name, 1, {
      upgrade: this.#make,
      terminated: () => {
        this.#opened = undefined;
      },
    });
  }
}
