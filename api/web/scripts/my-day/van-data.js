/** The van as it was last read, and where parts are to be had; both are kept on the phone. */

import { plain } from "../plain.js";
import { request } from "./service.js";
import { keepValue, readValue } from "./store.js";

/** So many parts' sources are kept, those that were looked at last. */
const SOURCES_KEPT = 40;
/** Of what lacks it is known where it is to be had; that is asked for again after so long. */
const SOURCES_FRESH_FOR = 10 * 60_000;
/** For so many parts that lack at most, before anybody asks. */
const MOST_AHEAD = 10;

/**
 * The technician's van, if it is kept on this phone.
 *
 * @param {string} technicianId
 */
export async function keptVan(technicianId) {
  const kept = await readValue("van");
  return kept?.content.technician_id === technicianId ? kept : undefined;
}

/**
 * Ask for the van, and keep it. Returns `{status, van}`: what is known now, new or not. `keeps` is
 * false for who only looks in.
 *
 * @param {string} technicianId
 * @param {{ keeps: boolean, known: OnPhone.KeptVan | undefined }} options
 */
export async function readVan(technicianId, { keeps, known }) {
  const path = /** @type {const} */ (`/technicians/${encodeURIComponent(technicianId)}/stock`);
  const { status, body, etag } = await request("GET", path, { etag: known?.etag });
  const content = status === 200 ? body : status === 304 ? known?.content : null;
  if (!content) return { status, van: known };
  const van = { content, etag: status === 200 ? etag : (known?.etag ?? null), read_at: Date.now() };
  if (keeps) await keepValue("van", van);
  return { status, van };
}

/**
 * What is known of where the part is to be had, new or not; undefined: nothing.
 *
 * @param {string} technicianId
 * @param {string} partId
 * @param {{ keeps: boolean, everywhere?: boolean }} options
 * @returns {Promise<{ status: number, known: OnPhone.KeptSources | undefined }>}
 */
export async function readSources(technicianId, partId, { keeps, everywhere = false }) {
  const path = /** @type {const} */ (
    `/technicians/${encodeURIComponent(technicianId)}/parts/${encodeURIComponent(partId)}/sources?everywhere=${everywhere}`
  );
  const { status, body } = await request("GET", path);
  if (status !== 200 || !body) return { status, known: keeps ? await keptSources(partId) : undefined };
  const known = { found: body, everywhere, read_at: Date.now() };
  if (keeps) {
    const others = ((await readValue("sources")) ?? []).filter((one) => one.found.part_id !== partId);
    await keepValue("sources", [known, ...others].slice(0, SOURCES_KEPT));
  }
  return { status, known };
}

/** @param {string} partId */
async function keptSources(partId) {
  return ((await readValue("sources")) ?? []).find((one) => one.found.part_id === partId);
}

/**
 * Have at hand where the parts that lack are to be had, for when there is no connection.
 *
 * @param {Api.VanContent} content
 */
export async function prepareSources(content) {
  const known = new Map(((await readValue("sources")) ?? []).map((one) => [one.found.part_id, one.read_at]));
  const lacking = content.parts.filter((part) => lackOf(part) > 0).slice(0, MOST_AHEAD);
  for (const { id } of lacking) {
    if (Date.now() - (known.get(id) ?? 0) < SOURCES_FRESH_FOR) continue;
    const { status } = await readSources(content.technician_id, id, { keeps: true });
    if (status === 0 || status === 401) return;
  }
}

/**
 * How many lack today and tomorrow.
 *
 * @param {Api.VanPart} part
 */
export const lackOf = ({ today, tomorrow }) => today.lacks + tomorrow.lacks;

/**
 * Parts that the words may mean: what the service finds, or without a connection what of it is known
 * on this phone.
 *
 * @param {string} words
 * @param {Api.PartOut[]} onPhone
 * @returns {Promise<{ parts: Api.PartOut[], isAway: boolean }>}
 */
export async function findParts(words, onPhone) {
  const { status, body } = await request("GET", `/parts?search=${encodeURIComponent(words)}`);
  if (status === 200 && body) return { parts: body.parts, isAway: false };
  const kept = ((await readValue("sources")) ?? []).map(({ found }) => ({ id: found.part_id, name: found.part }));
  const known = new Map([...onPhone, ...kept].map(({ id, name }) => [id, { id, name }]));
  return { parts: [...known.values()].filter((part) => hasWords(part, words)), isAway: true };
}

/**
 * As the service compares: every word begins one of the part's, whatever its accents.
 *
 * @param {Api.PartOut} part
 * @param {string} words
 */
export function hasWords({ id, name }, words) {
  const there = wordsOf(`${id} ${name}`);
  return wordsOf(words).every((word) => there.some((one) => one.startsWith(word)));
}

/** @param {string} given */
function wordsOf(given) {
  return plain(given).match(/[\p{L}\p{N}]+/gu) ?? [];
}
