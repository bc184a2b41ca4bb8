/** Choosing what a job is made from, which fills in what it takes, and the machine that it is about. */

import { element } from "../../dom.js";
import { get } from "../../http.js";
import { text } from "../../texts.js";
import { field } from "../fields.js";

/** @type {Promise<Api.TemplateOut[]> | null} */
let known = null;

/** All of the company's; they are asked for once, and again if that failed. */
export function workTypes() {
  known ??= get("/job-templates?limit=200")
    .then((page) => page.job_templates)
    .catch(() => {
      known = null;
      return [];
    });
  return known;
}

/**
 * What a work type is called.
 *
 * @param {Api.TemplateOut} one
 */
export const nameOf = (one) => one.name ?? (titleOf(one, null) || one.id);

/**
 * The title without what only an alert could fill in.
 *
 * @param {Api.TemplateOut} one
 * @param {Api.AssetOut | null} asset
 */
function titleOf(one, asset) {
  return one.title
    .replaceAll("{asset}", asset?.name ?? "")
    .replaceAll("{model}", asset?.model ?? "")
    .replace(/\{\w+\}/g, "")
    .replace(/\s+/g, " ")
    .replace(/^[\s:–,.-]+|[\s:–,.-]+$/g, "");
}

/**
 * What a job of this type begins with.
 *
 * @param {Api.TemplateOut} one
 * @param {Api.AssetOut | null} asset
 * @returns {Partial<import("./job-form.js").Typed>}
 */
export function filledFrom(one, asset) {
  const name = one.name && asset ? `${one.name}: ${asset.name}` : one.name;
  return {
    title: name ?? (titleOf(one, asset) || one.id),
    priority: one.priority,
    duration: String(one.duration_minutes),
    skills: one.skills.map(({ skill_id: id, level }) => [id, level]),
    parts: one.parts.map(({ part_id: id, quantity }) => [id, quantity]),
    tools: one.tools.map((id) => [id, 1]),
  };
}

/**
 * Two choices, work type and machine. `chosen(type)` is told of a type, whose fields are then filled
 * in. Gives `{node, read, typed, restore, showMachines}`.
 *
 * @param {(type: Api.TemplateOut, asset: Api.AssetOut | null) => void} chosen
 */
export function workTypeFields(chosen) {
  /** @type {Api.TemplateOut[]} */
  let types = [];
  /** @type {Api.AssetOut[]} */
  let assets = [];
  let wantedType = "";
  let wantedAsset = "";
  const type = element("select", { onchange: ({ currentTarget }) => tell(currentTarget.value) });
  const asset = element("select", {
    onchange: () => {
      wantedAsset = asset.value;
    },
  });
  fill(type, text("form.no_work_type"), []);
  const assetField = field("/asset_id", text("form.machine"), asset);
  assetField.hidden = true;
  const ready = workTypes().then((all) => {
    types = all;
    fill(
      type,
      text("form.no_work_type"),
      all.map((one) => [one.id, nameOf(one)]),
    );
    type.value = wantedType;
  });

  /** @param {string} id */
  function tell(id) {
    wantedType = id;
    const one = types.find((each) => each.id === id);
    if (one) chosen(one, machine());
  }

  const machine = () => assets.find((one) => one.id === wantedAsset) ?? null;

  /**
   * The machines of a site, of which one may be meant.
   *
   * @param {string | null} siteId
   * @param {string} [meant]
   */
  async function showMachines(siteId, meant = "") {
    wantedAsset = meant;
    assets = [];
    assetField.hidden = true;
    if (!siteId) return;
    const found = await get(`/assets?limit=200&site_id=${encodeURIComponent(siteId)}`).catch(() => ({ assets: [] }));
    assets = found.assets;
    assetField.hidden = assets.length === 0;
    fill(
      asset,
      text("form.no_machine"),
      assets.map((one) => [one.id, [one.name, one.model, one.serial_number].filter(Boolean).join(" · ")]),
    );
    asset.value = wantedAsset;
  }

  return {
    node: element("div", { class: "fields two" }, field("/work_type_id", text("form.work_type"), type), assetField),
    ready,
    showMachines,
    read: () => ({ work_type_id: wantedType || null, asset_id: machine()?.id ?? null }),
    typed: () => ({ type: wantedType, asset: wantedAsset }),
    /** @param {{ type: string, asset: string }} before */
    restore(before) {
      wantedType = before.type;
      type.value = before.type;
      wantedAsset = before.asset;
    },
  };
}

/**
 * @param {HTMLSelectElement} select
 * @param {string} nothing
 * @param {[string, string][]} pairs
 */
function fill(select, nothing, pairs) {
  select.replaceChildren(element("option", { value: "" }, nothing), ...pairs.map(([id, label]) => element("option", { value: id }, label)));
}
