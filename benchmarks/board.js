// What `benchmarks.board` does in the page. Work is what happens from a change until the browser
// has painted it and is free again; all in milliseconds.

window.measuring = (() => {
  const scroller = document.getElementById("timeline");
  const channel = new MessageChannel();
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const free = () =>
    new Promise((done) => {
      channel.port1.onmessage = done;
      channel.port2.postMessage(null);
    });

  async function work(change) {
    await frame();
    const began = performance.now();
    change();
    await frame();
    await free();
    return performance.now() - began;
  }

  async function works(changes) {
    const found = [];
    for (const change of changes) found.push(await work(change));
    return found;
  }

  /** Scrolling so many times by so many pixels; each is answered in the frame that follows. */
  async function scrolling(direction, pixels, count) {
    const found = [];
    for (let number = 0; number < count; number += 1) {
      await frame();
      const isAtEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1;
      if (direction === "scrollTop" && isAtEnd) scroller.scrollTop = 0;
      else scroller[direction] += pixels;
      const began = await frame();
      await free();
      found.push(performance.now() - began);
    }
    return found;
  }

  const click = (id) => () => document.getElementById(id).click();

  const zooming = () => {
    const [closer, farther] = [click("zoom-in"), click("zoom-out")];
    return works([closer, closer, closer, farther, farther, farther, click("zoom-fit")]);
  };

  async function selecting() {
    scroller.scrollTop = 0;
    await frame();
    await frame();
    const visits = [...document.querySelectorAll(".row .visit")].slice(0, 20);
    return works(visits.map((visit) => () => visit.click()));
  }

  function filtering() {
    const search = document.getElementById("search");
    return works(
      ["b", "ba", "bao", "bao tri 1", "bao tri", ""].map((words) => () => {
        search.value = words;
        search.dispatchEvent(new Event("input"));
      }),
    );
  }

  async function dragging() {
    // What the service would say of each place is not the page's work.
    const { fetch } = globalThis;
    const refusals = [];
    globalThis.fetch = () => new Promise((_, refuse) => refusals.push(refuse));
    const far = (visit) => visit.getBoundingClientRect().left > 500;
    const visit = [...document.querySelectorAll(".row .visit")].filter(far).at(-1);
    const { left, top } = visit.getBoundingClientRect();
    const send = (type, x, y) => {
      const point = { clientX: x, clientY: y, button: 0, pointerType: "mouse", bubbles: true };
      (type === "pointerdown" ? visit : document).dispatchEvent(new PointerEvent(type, point));
    };
    send("pointerdown", left + 5, top + 5);
    const steps = [...Array(60).keys()].map((step) => () => send("pointermove", left - step * 3, top - step * 6));
    const found = await works(steps);
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    send("pointerup", left, top);
    globalThis.fetch = fetch;
    for (const refuse of refusals) refuse(new TypeError("nobody was asked while it was measured"));
    return found;
  }

  return { scrolling, zooming, selecting, filtering, dragging };
})();
