// Packages that tests themselves need lie with those of the pages.

const WEB = new URL("../../../api/web/", import.meta.url);

export function resolve(specifier, context, next) {
  return next(specifier, specifier.startsWith("fake-indexeddb") ? { ...context, parentURL: WEB.href } : context);
}
