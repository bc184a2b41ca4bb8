/** Where a customer signs with a finger; whoever cannot, or does not want to, types a name instead. */

import { element } from "../dom.js";
import { asFile } from "../pictures.js";
import { text } from "../texts.js";

const [WIDTH, HEIGHT] = [900, 360];
const LINE = 5;

/** `{node, read}`: the field, and what was drawn as a file (null: nothing). */
export function signaturePad() {
  const canvas = element("canvas", {
    width: WIDTH,
    height: HEIGHT,
    class: "signature-pad",
    role: "img",
    "aria-label": text("signature.field"),
  });
  const clear = element("button", { type: "button", class: "quiet", hidden: true, onclick: () => begin() }, text("signature.clear"));
  const found = canvas.getContext("2d");
  if (!found) throw new Error("there is nothing to draw on");
  const drawing = found;
  let isEmpty = true;

  function begin() {
    isEmpty = true;
    clear.hidden = true;
    drawing.fillStyle = "#ffffff";
    drawing.fillRect(0, 0, WIDTH, HEIGHT);
    Object.assign(drawing, { strokeStyle: "#10182b", lineWidth: LINE, lineCap: "round", lineJoin: "round" });
  }

  /** @param {PointerEvent} event */
  function place(event) {
    const box = canvas.getBoundingClientRect();
    return /** @type {const} */ ([((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT]);
  }

  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    drawing.beginPath();
    drawing.moveTo(...place(event));
    // A dot, too, is something.
    drawing.lineTo(...place(event));
    drawing.stroke();
    isEmpty = false;
    clear.hidden = false;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    drawing.lineTo(...place(event));
    drawing.stroke();
  });
  begin();

  const node = element(
    "div",
    { class: "signature" },
    element("p", { class: "signature-title" }, text("signature.title")),
    canvas,
    element("p", { class: "soft" }, text("signature.note")),
    clear,
  );
  return { node, read: async () => (isEmpty ? null : asFile(canvas, "image/png")) };
}
