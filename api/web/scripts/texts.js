/** The page's texts in the reader's language. Keys are the same in every language. */

import { get } from "./http.js";

/** @typedef {"vi" | "en"} Language */
/** @typedef {Record<string, string | number | null | undefined>} Values */

/** @type {readonly Language[]} */
const LANGUAGES = ["vi", "en"];
const KEPT_AS = "language";
/** @type {Record<string, string>} */
let texts = {};

export const language = chosen();

function chosen() {
  const kept = localStorage.getItem(KEPT_AS);
  const wanted = [kept, ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return wanted.map((tag) => LANGUAGES.find((one) => one === tag)).find(Boolean) ?? "vi";
}

/**
 * Load `common` and the page's own texts, and put them into the document.
 *
 * @param {"board" | "my-day" | "sign-in"} page
 */
export async function loadTexts(page) {
  const files = ["common", page].map((name) => `/pages/texts/${language}/${name}.json`);
  const loaded = await Promise.all(files.map((file) => get(file)));
  texts = Object.assign({}, ...loaded);
  document.documentElement.lang = language;
  translate(document);
}

/** Whether they are there yet. */
export const hasTexts = () => Object.keys(texts).length > 0;

/**
 * Whether there is a text of this key, for what the service may name.
 *
 * @param {string} key
 */
export const hasText = (key) => key in texts || `${key}.other` in texts;

/**
 * The text of a key; `{name}` in it becomes the value of that name. With a `count`, the key's form
 * for that number is taken (`key.one`, `key.other`), as the language has it.
 *
 * @param {string} key
 * @param {Values} [values]
 * @returns {string}
 */
export function text(key, values = {}) {
  const form = "count" in values ? `${key}.${plural.select(Number(values.count))}` : key;
  const found = texts[form] ?? texts[`${key}.other`];
  if (found === undefined) {
    console.error(`no text for ${key}`);
    return key;
  }
  return found.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

const plural = new Intl.PluralRules(language);

/**
 * Fill in what the markup asks for: `data-text`, `data-label` (for screen readers), `data-hint`.
 *
 * @param {ParentNode} root
 */
export function translate(root) {
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = named(node, "text");
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", named(node, "label"));
  for (const node of root.querySelectorAll("[data-hint]")) node.setAttribute("placeholder", named(node, "hint"));
}

/**
 * The text that an element asks for in its `data-…`.
 *
 * @param {Element} node
 * @param {"text" | "label" | "hint"} use
 */
function named(node, use) {
  const key = node.getAttribute(`data-${use}`);
  return key === null ? "" : text(key);
}

/**
 * Read everything in the other language; the page begins anew.
 *
 * @param {string} wanted
 */
export function changeLanguage(wanted) {
  localStorage.setItem(KEPT_AS, wanted);
  location.reload();
}

/**
 * A switch between the languages, named in themselves.
 *
 * @param {HTMLSelectElement} select
 */
export function wireLanguageSwitch(select) {
  select.value = language;
  select.addEventListener("change", () => changeLanguage(select.value));
}
