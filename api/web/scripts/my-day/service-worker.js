/*
 * Keeps the technician's page on the phone. The service puts a line before this script:
 * `const KEPT = {version, paths}`, everything that the page is made of. Another version is another
 * script, so that browsers install it; it serves once the old one has no page left, or when the
 * page says so. Whatever a page has loaded is thus from one version. Data are the page's affair, and
 * that of sync.js, which the service has it load where workers can load modules.
 *
 * It also shows what the service has to say of the day while the page is closed (push.js).
 */

const worker = /** @type {OnWorker.Scope} */ (/** @type {unknown} */ (self));

const CACHE = `my-day-${KEPT.version}`;
const PAGE = "/my-day";

worker.addEventListener("install", (event) => {
  event.waitUntil(fetchAll());
});

async function fetchAll() {
  const cache = await caches.open(CACHE);
  // Past the browser's own cache: what comes has to be what the version was made from.
  await cache.addAll(KEPT.paths.map((path) => new Request(path, { cache: "reload" })));
}

worker.addEventListener("activate", (event) => {
  event.waitUntil(removeOthers());
});

async function removeOthers() {
  for (const name of await caches.keys()) {
    if (name.startsWith("my-day-") && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

worker.addEventListener("message", (event) => {
  if (event.data === "renew") worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== worker.location.origin) return;
  const path = event.request.mode === "navigate" && pathname === PAGE ? PAGE : pathname;
  if (KEPT.paths.includes(path)) event.respondWith(kept(path, event.request));
});

/**
 * @param {string} path
 * @param {Request} request
 */
async function kept(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}

worker.addEventListener("push", (event) => {
  event.waitUntil(tell(event.data?.json()));
});

/**
 * One notice for each day, of which the last one stands. It may come again when its answer got lost
 * on the way: then it makes no noise.
 *
 * @param {OnWorker.Told} told
 */
async function tell({ id, day, title, body, language }) {
  const tag = `day-${day}`;
  const shown = await worker.registration.getNotifications({ tag });
  const isNew = !shown.some((one) => one.data.id === id);
  await worker.registration.showNotification(title, { body, tag, lang: language, renotify: isNew, data: { id, day } });
  for (const page of await openPages()) page.postMessage({ told: day });
}

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openAt(event.notification.data.day));
});

/** @param {string} day */
async function openAt(day) {
  const [page] = await openPages();
  if (!page) return worker.clients.openWindow(`${PAGE}?day=${day}`);
  page.postMessage({ tapped: day });
  return page.focus();
}

/** Those with the technician's own days. */
async function openPages() {
  const pages = await worker.clients.matchAll({ type: "window" });
  return pages.filter(({ url }) => {
    const { pathname, searchParams } = new URL(url);
    return pathname === PAGE && !searchParams.has("technician");
  });
}
