/**
 * Why something did not work, in the reader's words. The service names each fault by a code, with the
 * values that belong into the sentence; its own English sentences are for programs and logs.
 */

import { Refused } from "./http.js";
import { hasText, text } from "./texts.js";

/**
 * One sentence for each thing that is wrong. What is no refusal of the service is a fault of the page, and raised.
 *
 * @param {unknown} error
 * @returns {string[]}
 */
export function troubleTexts(error) {
  if (!(error instanceof Refused)) throw error;
  if (error.words) return [error.words];
  if (error.faults.length) return [...new Set(error.faults.map(faultText))];
  return [statusText(error)];
}

/**
 * One thing that is wrong.
 *
 * @param {{ code: string, values?: Record<string, string | number> }} fault
 */
export function faultText({ code, values = {} }) {
  const rule = code.replace(/^breaks_/, "");
  if (hasText(`rule.${rule}`)) return text("fault.breaks", { rule: text(`rule.${rule}`) });
  return hasText(`fault.${code}`) ? text(`fault.${code}`, values) : text("fault.unknown", { code });
}

/**
 * What a sentence of the service says in which each fault ends with its code in brackets; null if none is known.
 *
 * @param {string} sentence
 * @returns {string | null}
 */
export function sentenceText(sentence) {
  const codes = [...sentence.matchAll(/\[([a-z_]+)\]/g)].map(([, code = ""]) => code).filter((code) => hasText(`fault.${code}`));
  return codes.length ? [...new Set(codes.map((code) => faultText({ code })))].join(" ") : null;
}

/** @param {Refused} refused */
function statusText({ status, secondsToWait }) {
  const wait = { count: Math.max(1, Math.ceil(secondsToWait)) };
  switch (status) {
    case 0:
      return text("trouble.away");
    case 401:
      return text("trouble.signed_out");
    case 403:
      return text("trouble.not_allowed");
    case 404:
      return text("trouble.not_there");
    case 409:
      return text("trouble.clash");
    case 429:
      return text("trouble.too_often", wait);
    case 503:
      return text("trouble.busy", wait);
    default:
      return text(status >= 500 ? "trouble.failed" : "trouble.refused", { status });
  }
}
