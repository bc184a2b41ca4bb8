/**
 * Views that somebody has saved: filters, order, tab, day or week under a name. They are kept in this
 * browser, for each account by itself, and are not of a day: each opens on the days shown.
 */

import { byId, element } from "../../dom.js";
import { text } from "../../texts.js";
import { announce } from "../../ui/announce.js";
import { icon } from "../../ui/icons.js";
import { toast, toastTrouble } from "../../ui/toast.js";
import { openDialog } from "../dialogs.js";
import { signedIn } from "../state.js";
import { addressOfView, goToAddress } from "./address.js";

const MOST = 50;
/** What belongs to a day, or to a moment. */
const PASSING = ["day", "job", "technician"];

/** @typedef {{ name: string, address: string }} View */

const key = () => `views/${signedIn().account_id}`;

/** @returns {View[]} */
const saved = () => JSON.parse(localStorage.getItem(key()) ?? "[]");

/** @param {View[]} views */
const keep = (views) => localStorage.setItem(key(), JSON.stringify(views.slice(0, MOST)));

export function mountViews() {
  byId("clear-filters").after(element("button", { type: "button", id: "views", class: "quiet", onclick: openViews }, text("views.open")));
}

function openViews() {
  const name = element("input", { maxlength: 60, autocomplete: "off", "aria-label": text("views.name"), placeholder: text("views.name") });
  const list = element("ul", { class: "saved-views" });
  const dialog = openDialog({
    title: text("views.title"),
    body: [
      list,
      element("div", { class: "view-name" }, name),
      element("p", { class: "soft" }, text("views.note")),
      element("button", { type: "button", class: "small", onclick: copy }, text("views.copy")),
    ],
    submitText: text("views.save"),
    submit: async () => {
      const given = name.value.trim();
      if (!given) {
        name.focus();
        return false;
      }
      keep([...saved().filter((one) => one.name !== given), { name: given, address: lasting(addressOfView()) }]);
      announce(text("views.saved", { name: given }));
      name.value = "";
      draw();
      return false;
    },
  });
  draw();
  name.focus();

  function draw() {
    const views = saved();
    list.replaceChildren(...(views.length ? views.map(line) : [element("li", { class: "soft" }, text("views.none"))]));
  }

  /** @param {View} view */
  function line(view) {
    const go = () => {
      dialog.close();
      goToAddress(view.address).catch(toastTrouble);
    };
    const remove = () => {
      keep(saved().filter((one) => one.name !== view.name));
      draw();
      name.focus();
    };
    return element(
      "li",
      {},
      element("button", { type: "button", class: "link", onclick: go }, view.name),
      element(
        "button",
        { type: "button", class: "square quiet small", "aria-label": text("views.remove", { name: view.name }), onclick: remove },
        icon("close", 11),
      ),
    );
  }

  async function copy() {
    await navigator.clipboard.writeText(location.origin + location.pathname + addressOfView());
    toast(text("views.copied"));
  }
}

/** @param {string} address */
function lasting(address) {
  const asked = new URLSearchParams(address);
  for (const name of PASSING) asked.delete(name);
  return `?${asked}`;
}
