/** The page's texts in the reader's language. Keys are the same in every language. */

const LANGUAGES = ["vi", "en"];
const KEPT_AS = "language";
let texts = {};

export const language = chosen();

function chosen() {
  const kept = localStorage.getItem(KEPT_AS);
  if (LANGUAGES.includes(kept)) return kept;
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2));
  return wanted.find((tag) => LANGUAGES.includes(tag)) ?? "vi";
}

/** Load `common` and the page's own texts, and put them into the document. */
export async function loadTexts(page) {
  const files = ["common", page].map((name) => `/pages/texts/${language}/${name}.json`);
  const loaded = await Promise.all(files.map(async (file) => (await fetch(file)).json()));
  texts = Object.assign({}, ...loaded);
  document.documentElement.lang = language;
  translate(document);
}

/**
 * The text of a key; `{name}` in it becomes the value of that name. With a `count`, the key's form
 * for that number is taken (`key.one`, `key.other`), as the language has it.
 */
export function text(key, values = {}) {
  const form = "count" in values ? `${key}.${plural.select(values.count)}` : key;
  const found = texts[form] ?? texts[`${key}.other`];
  if (found === undefined) {
    console.error(`no text for ${key}`);
    return key;
  }
  return found.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

const plural = new Intl.PluralRules(language);

/** Fill in what the markup asks for: `data-text`, `data-label` (for screen readers), `data-hint`. */
export function translate(root) {
  for (const node of root.querySelectorAll("[data-text]")) {
    node.textContent = text(node.dataset.text);
  }
  for (const node of root.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", text(node.dataset.label));
  }
  for (const node of root.querySelectorAll("[data-hint]")) {
    node.setAttribute("placeholder", text(node.dataset.hint));
  }
}

/** Read everything in the other language; the page begins anew. */
export function changeLanguage(wanted) {
  localStorage.setItem(KEPT_AS, wanted);
  location.reload();
}

/** A switch between the languages, named in themselves. */
export function wireLanguageSwitch(select) {
  select.value = language;
  select.addEventListener("change", () => changeLanguage(select.value));
}
