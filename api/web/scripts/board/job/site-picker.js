/** Choosing a known site by words, or describing a new one. A combobox as ARIA has it. */

import { element } from "../../dom.js";
import { get, wasGivenUp } from "../../http.js";
import { text } from "../../texts.js";
import { troubleTexts } from "../../troubles.js";
import { field } from "../fields.js";
import { siteFields } from "./site-fields.js";

/**
 * What stands in the fields.
 *
 * @typedef {{ search: string, chosen: Api.SiteOut | null, isNew: boolean, site: Record<string, string> }} Typed
 */

/**
 * A site that can be chosen, or a machine with its site.
 *
 * @typedef {{ siteId: string, assetId: string | null, name: string, note: string, site: Api.SiteOut | null }} Choice
 */

const WAIT_MILLISECONDS = 150;
const MOST = 8;

/**
 * `changed(siteId, assetId)` is told which is chosen, or null. Gives `{node, input, choose, read, typed, restore}`; `read()` is `{site_id}` or `{site}`, as a new job takes
 * it, and `restore` takes what `typed()` has given before.
 *
 * @param {{ changed?: (siteId: string | null, assetId: string | null) => void }} [options]
 */
export function sitePicker({ changed = () => {} } = {}) {
  /** @type {Api.SiteOut | null} */
  let chosen = null;
  let isNew = false;
  /** @type {Choice[]} */
  let found = [];
  let active = -1;
  /** @type {AbortController | null} */
  let asking = null;
  let timer = 0;

  const input = element("input", {
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": "sites-found",
    "aria-autocomplete": "list",
    autocomplete: "off",
    placeholder: text("form.site_hint"),
  });
  const list = element("ul", {
    id: "sites-found",
    class: "options",
    role: "listbox",
    "aria-label": text("form.sites_found"),
    hidden: true,
  });
  const known = field("/site_id /site", text("form.site"), input);
  known.append(list);
  const chosenNote = element("p", { class: "soft" });
  known.append(chosenNote);

  const fields = siteFields("/site");
  fields.node.hidden = true;
  const toggle = element("button", { type: "button", class: "small quiet", onclick: () => setNew(!isNew) }, text("form.new_site"));
  /** @param {boolean} wanted */
  function setNew(wanted) {
    isNew = wanted;
    known.hidden = isNew;
    fields.node.hidden = !isNew;
    if (isNew) changed(null, null);
    else if (chosen) changed(chosen.id, null);
    toggle.textContent = text(isNew ? "form.known_site" : "form.new_site");
    if (isNew && !fields.first.value) fields.first.value = chosen ? "" : input.value;
    (isNew ? fields.first : input).focus();
  }

  input.addEventListener("input", () => {
    if (chosen) changed(null, null);
    chosen = null;
    chosenNote.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MILLISECONDS);
  });
  input.addEventListener("blur", shut);
  input.addEventListener("keydown", (event) => {
    const pointedAt = found[active];
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && list.hidden) {
      event.preventDefault();
      look();
    } else if (step && found.length) {
      event.preventDefault();
      point((active + step + found.length) % found.length);
    } else if (event.key === "Enter" && !list.hidden && pointedAt) {
      event.preventDefault();
      take(pointedAt);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      shut();
    }
  });

  async function look() {
    asking?.abort();
    asking = new AbortController();
    try {
      found = await choices(input.value.trim(), asking.signal);
    } catch (error) {
      if (wasGivenUp(error)) return;
      found = [];
    }
    if (document.activeElement !== input) return;
    active = -1;
    list.replaceChildren(
      ...(found.length
        ? found.map((one, index) =>
            element(
              "li",
              {
                role: "option",
                id: `site-${index}`,
                "aria-selected": "false",
                onpointerdown: (event) => {
                  event.preventDefault();
                  take(one);
                },
              },
              element("strong", {}, one.name),
              element("span", { class: "soft" }, one.note),
            ),
          )
        : [
            element("li", { class: "soft", role: "option", "aria-disabled": "true", "aria-selected": "false" }, text("form.no_site_found")),
          ]),
    );
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  /** @param {number} index */
  function point(index) {
    active = index;
    for (const [number, option] of [...list.children].entries()) option.setAttribute("aria-selected", String(number === index));
    input.setAttribute("aria-activedescendant", `site-${index}`);
    list.children[index]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Choice} one */
  async function take(one) {
    shut();
    input.value = one.name;
    try {
      choose(one.site ?? (await get(`/sites/${encodeURIComponent(one.siteId)}`)), one.assetId);
    } catch (error) {
      chosenNote.textContent = troubleTexts(error).join(" ");
    }
  }

  /**
   * @param {Api.SiteOut} site
   * @param {string | null} [assetId]
   */
  function choose(site, assetId = null) {
    chosen = site;
    input.value = site.name;
    const notes = [
      site.address,
      site.latitude === null ? text("form.not_located") : null,
      site.access_minutes ? text("site.access", { minutes: site.access_minutes }) : null,
    ];
    chosenNote.textContent = notes.filter(Boolean).join(" – ");
    shut();
    changed(site.id, assetId);
  }

  function shut() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  const read = () => (isNew ? { site: fields.read() } : { site_id: chosen?.id ?? null });
  /** @returns {Typed} */
  const typed = () => ({ search: input.value, chosen, isNew, site: fields.typed() });
  /** @param {Typed} before */
  function restore(before) {
    input.value = before.search;
    fields.restore(before.site);
    if (before.chosen) choose(before.chosen);
    setNew(before.isNew);
  }

  return { node: element("div", { class: "site-picker" }, known, fields.node, toggle), input, choose, read, typed, restore };
}

/**
 * Sites and machines that have the words; without any, the first sites.
 *
 * @param {string} words
 * @param {AbortSignal} signal
 * @returns {Promise<Choice[]>}
 */
async function choices(words, signal) {
  if (!words) {
    const { sites } = await get(`/sites?limit=${MOST}`, { signal });
    return sites.map((site) => ({ siteId: site.id, assetId: null, name: site.name, note: site.address, site }));
  }
  const { found } = await get(`/search?kind=site&kind=asset&limit=${MOST}&q=${encodeURIComponent(words)}`, { signal });
  return found.map(({ id, kind, name, site_id: siteId, site, address, phone }) =>
    kind === "site"
      ? { siteId: id, assetId: null, name, note: [address, phone].filter(Boolean).join(" · "), site: null }
      : { siteId: siteId ?? "", assetId: id, name: [name, id].join(" "), note: [site, address].filter(Boolean).join(" · "), site: null },
  );
}
