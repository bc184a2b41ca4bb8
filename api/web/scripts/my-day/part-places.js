/** Where is it? The sheet that finds a part, says who has it, and asks what was taken. */

import { element, redraw } from "../dom.js";
import { isoDay, kilometres, number, day as shortDay, time } from "../format.js";
import { text } from "../texts.js";
import { icon } from "./icons.js";
import { takingView } from "./part-taking.js";
import { mapAddress, phoneAddress } from "./places.js";
import { findParts, readSources } from "./van-data.js";

const LONGEST_SEARCH = 200;

/**
 * @typedef {import("./part-taking.js").From} From
 * @typedef {import("./part-taking.js").Taken} Taken
 */

/**
 * `part`: null if it is to be chosen yet; `onPhone` are parts that are known without a connection.
 * `take` takes note of what was taken; null for who only looks in.
 *
 * @typedef {{ technicianId: string, part: Api.PartOut | null, onPhone: Api.PartOut[], keeps: boolean, take: ((taken: Taken) => unknown) | null }} Wanted
 */

/** @param {Wanted} wanted */
export function openPartPlaces({ technicianId, part, onPhone, keeps, take }) {
  const title = element("h2", { id: "places-title", tabindex: -1 });
  const sheet = element("div", { class: "sheet", "aria-live": "polite" });
  const close = element("button", { type: "button", class: "quiet square", "aria-label": text("form.close") }, icon("close"));
  const dialog = element(
    "dialog",
    { class: "sheet-dialog", "aria-labelledby": "places-title", onclose: ({ currentTarget }) => currentTarget.remove() },
    element("header", {}, title, close),
    sheet,
  );
  close.addEventListener("click", () => dialog.close());

  /**
   * @param {string} words
   * @param {...(HTMLElement | null)} content
   */
  const show = (words, ...content) => {
    title.textContent = words;
    redraw(sheet, content);
    sheet.scrollTop = 0;
  };
  const search = () => {
    show(
      text("places.search_title"),
      searchView(onPhone, (found) => sources(found, false)),
    );
    sheet.querySelector("input")?.focus();
  };
  /**
   * @param {Api.PartOut} chosen
   * @param {boolean} everywhere
   */
  const sources = async (chosen, everywhere) => {
    show(chosen.name, element("p", { class: "soft", role: "status" }, text("places.looking")));
    const { status, known } = await readSources(technicianId, chosen.id, { keeps, everywhere });
    if (!dialog.isConnected) return;
    const all = element(
      "label",
      { class: "tick" },
      element("input", { type: "checkbox", checked: everywhere, onchange: () => sources(chosen, !everywhere) }),
      element("span", {}, text("places.everywhere")),
    );
    const taking = (/** @type {From} */ from) => {
      show(text("places.take_title"), takingView(chosen, from, { back: () => sources(chosen, everywhere), send }));
      title.focus();
    };
    show(
      chosen.name,
      status === 200 ? null : element("p", { class: "card notice" }, failureOf(status, known)),
      known ? foundView(known.found, take ? taking : null) : null,
      status === 200 ? all : null,
      element("button", { class: "big", onclick: search }, text("van.find_any")),
    );
    title.focus();
  };
  /** @param {Taken} taken */
  const send = (taken) => {
    dialog.close();
    take?.(taken);
  };

  document.body.append(dialog);
  dialog.showModal();
  if (part) sources(part, false);
  else search();
}

/**
 * Why what is shown is not as of now, or nothing is.
 *
 * @param {number} status
 * @param {OnPhone.KeptSources | undefined} known
 */
function failureOf(status, known) {
  if (!known) return text(status === 404 ? "places.gone" : "places.unknown");
  const at = known.read_at;
  return text("places.as_of", { time: isoDay(at) === isoDay(Date.now()) ? time(at) : `${time(at)}, ${shortDay(at)}` });
}

/**
 * @param {Api.PartOut[]} onPhone
 * @param {(part: Api.PartOut) => unknown} choose
 */
function searchView(onPhone, choose) {
  const field = element("input", { type: "search", maxlength: LONGEST_SEARCH, autocomplete: "off", enterkeyhint: "search" });
  const said = element("p", { class: "soft", role: "status" });
  const results = element("ul", { class: "lines" });
  const find = async () => {
    if (!field.value.trim()) return field.focus();
    said.textContent = text("places.looking");
    const { parts, isAway } = await findParts(field.value, onPhone);
    const count = parts.length ? text("places.found", { count: parts.length }) : text("places.none_found");
    said.textContent = isAway ? `${text("places.search_away")} ${count}` : count;
    results.replaceChildren(
      ...parts.map((part) =>
        element(
          "li",
          {},
          element(
            "button",
            { class: "big found-part", onclick: () => choose(part) },
            part.name,
            element("span", { class: "soft code" }, part.id),
          ),
        ),
      ),
    );
    return undefined;
  };
  return element(
    "div",
    { class: "sheet-part" },
    element(
      "form",
      {
        role: "search",
        class: "sheet-part",
        onsubmit: (event) => {
          event.preventDefault();
          find();
        },
      },
      element("label", {}, text("places.search"), field),
      element("button", { type: "submit", class: "main big" }, text("places.search_button")),
    ),
    said,
    results,
  );
}

/**
 * @param {Api.PartSources} found
 * @param {((from: From) => unknown) | null} take
 */
function foundView(found, take) {
  return element(
    "div",
    { class: "sections" },
    element("p", {}, text("places.own", { number: number(found.quantity) }), " ", element("span", { class: "soft code" }, found.part_id)),
    places(
      "depot",
      text("places.depots"),
      text("places.no_depots"),
      found.depots.map((depot) => depotView(depot, take)),
    ),
    places(
      "crew",
      text("places.colleagues"),
      text("places.no_colleagues"),
      found.colleagues.map((one) => colleagueView(one, take)),
    ),
  );
}

/**
 * @param {import("./icons.js").IconName} drawing
 * @param {string} title
 * @param {string} none
 * @param {HTMLElement[]} lines
 */
function places(drawing, title, none, lines) {
  return element(
    "section",
    { class: "section" },
    element("h3", {}, icon(drawing), title),
    lines.length ? element("ul", { class: "places" }, lines) : element("p", { class: "soft" }, none),
  );
}

/**
 * @param {Api.DepotSource} depot
 * @param {((from: From) => unknown) | null} take
 */
function depotView(depot, take) {
  const href = mapAddress(depot);
  const hours = text("places.hours", { from: depot.opens.slice(0, 5), to: depot.closes.slice(0, 5) });
  const from = { name: depot.name, toSpare: depot.to_spare, ownToFetch: depot.own_to_fetch, source: { depot_id: depot.id } };
  return element(
    "li",
    {},
    element("p", {}, element("strong", {}, depot.name), " ", element("span", { class: "soft" }, depot.address)),
    element(
      "p",
      { class: "numbers" },
      [
        text("places.there", { number: number(depot.quantity), spare: number(depot.to_spare) }),
        hours,
        kilometres(depot.distance_metres),
      ].join(" · "),
    ),
    depot.own_to_fetch ? element("p", { class: "soft" }, text("places.planned", { number: number(depot.own_to_fetch) })) : null,
    element(
      "div",
      { class: "pair" },
      href ? element("a", { class: "button", href, target: "_blank", rel: "noopener" }, icon("place"), text("where.map")) : null,
      callButton(depot),
      takeButton(from, take),
    ),
  );
}

/**
 * @param {Api.ColleagueSource} one
 * @param {((from: From) => unknown) | null} take
 */
function colleagueView(one, take) {
  const from = { name: one.name, toSpare: one.to_spare, ownToFetch: 0, source: { from_technician_id: one.id } };
  const away = one.distance_km === null ? text("places.somewhere") : text("places.about", { number: number(one.distance_km) });
  return element(
    "li",
    {},
    element("p", {}, element("strong", {}, one.name)),
    element("p", { class: "numbers" }, [text("van.to_spare", { number: number(one.to_spare) }), away].join(" · ")),
    element("div", { class: "pair" }, callButton(one), takeButton(from, take)),
  );
}

/** @param {{ name: string, phone: string | null }} one */
function callButton({ name, phone }) {
  if (!phone) return null;
  return element(
    "a",
    { class: "button", href: phoneAddress(phone) },
    icon("phone"),
    element("span", { class: "call" }, text("where.call"), element("small", { class: "numbers" }, phone)),
    element("span", { class: "visually-hidden" }, ` – ${name}`),
  );
}

/**
 * @param {From} from
 * @param {((from: From) => unknown) | null} take
 */
function takeButton(from, take) {
  if (!take) return null;
  return element(
    "button",
    { class: "main", onclick: () => take(from) },
    icon("check"),
    element("span", {}, text("places.take")),
    element("span", { class: "visually-hidden" }, ` – ${from.name}`),
  );
}
