/**
 * What may stand in an element; arrays are taken apart, null and undefined left out.
 *
 * @typedef {Node | string | null | undefined} Leaf
 * @typedef {Leaf | readonly Leaf[]} Child
 */

/**
 * `onclick` and so on: what is told of an event that `currentTarget` has, the element itself.
 *
 * @template {Element} Made
 * @typedef {{ [Type in keyof HTMLElementEventMap as `on${Type}`]?: ((event: HTMLElementEventMap[Type] & { currentTarget: Made }) => unknown) | null }} Listeners
 */

/**
 * @typedef {string | number | boolean | null | undefined} AttributeValue
 * @typedef {{ dataset?: Record<string, string | undefined>, style?: Record<string, string> }} Special
 */

/**
 * @template {Element} Made
 * @typedef {Listeners<Made> & Special & { [name: string]: unknown }} Attributes
 */

/**
 * An element with attributes, listeners (`onclick` …), and children. Whatever comes from data goes
 * in as text: nothing is ever read as markup.
 *
 * Attributes that are null, undefined or false are left out; `true` gives an empty one. `dataset`
 * takes an object; `style` takes an object of properties, custom ones included.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes<HTMLElementTagNameMap[Name]>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/**
 * As `element`, for drawings.
 *
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes<SVGElementTagNameMap[Name]>} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Name]}
 */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/**
 * @template {HTMLElement | SVGElement} Made
 * @param {Made} node
 * @param {Record<string, any>} attributes
 * @param {Child[]} children
 * @returns {Made}
 */
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "style") {
      for (const [property, given] of Object.entries(value)) node.style.setProperty(property, given);
    } else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...present(children));
  return node;
}

/**
 * What of the children there is, one after the other.
 *
 * @param {readonly Child[]} children
 */
const present = (children) => /** @type {(Node | string)[]} */ (children.flat().filter(isThere));

/**
 * Draw the area anew as a whole. Whoever was at a part of it is so still: at that part itself, if it
 * is drawn again, or else at the one that has its name (`data-focus-key`). Where there is none any
 * more, `orElse` is where they are.
 *
 * @param {Element} area
 * @param {readonly Child[]} children
 * @param {{ orElse?: HTMLElement | null }} [options]
 */
export function redraw(area, children, { orElse = null } = {}) {
  const { activeElement } = document;
  const focused = activeElement instanceof HTMLElement && area.contains(activeElement) ? activeElement : null;
  area.replaceChildren(...present(children));
  if (!focused) return;
  const { focusKey } = focused.dataset;
  const again = focused.isConnected ? focused : focusKey === undefined ? null : byFocusKey(area, focusKey);
  (again ?? orElse)?.focus();
}

/**
 * Whether there is something; for `filter`, which then knows it too.
 *
 * @template Thing
 * @param {Thing | null | undefined} one
 * @returns {one is Thing}
 */
export const isThere = (one) => one !== null && one !== undefined;

/**
 * The one element of this id; its absence is a fault of the page, and so is another `kind`.
 *
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @param {new () => Kind} [kind]
 * @returns {Kind}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  if (kind && !(found instanceof kind)) throw new Error(`#${id} is no ${kind.name}`);
  return /** @type {Kind} */ (found);
}

/**
 * The element in or around `place` that fits the selector; null if there is none.
 *
 * @param {EventTarget | null} place
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function around(place, selector) {
  return place instanceof Element ? place.closest(selector) : null;
}

/**
 * All elements within `root` that fit the selector.
 *
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export const within = (root, selector) => [...root.querySelectorAll(selector)].filter((one) => one instanceof HTMLElement);

/**
 * What has this name in the area (`data-focus-key`), which it keeps when it is drawn anew.
 *
 * @param {ParentNode} area
 * @param {string} key
 * @returns {HTMLElement | null}
 */
export const byFocusKey = (area, key) => area.querySelector(`[data-focus-key="${CSS.escape(key)}"]`);
