/** Links that leave the page for the phone's own apps. */

/**
 * An address that opens the phone's maps at a place; null if it is nowhere.
 *
 * @param {Pick<Api.RouteStop, "latitude" | "longitude" | "name" | "address">} place
 * @param {string} [agent]
 */
export function mapAddress({ latitude, longitude, name, address }, agent = navigator.userAgent) {
  const words = encodeURIComponent([name, address].filter(Boolean).join(", "));
  const isPlaced = latitude !== null && longitude !== null;
  if (!isPlaced && !words) return null;
  const point = isPlaced ? `${latitude},${longitude}` : "";
  if (/iPhone|iPad|Macintosh/.test(agent))
    return isPlaced ? `https://maps.apple.com/?daddr=${point}&q=${words}` : `https://maps.apple.com/?q=${words}`;
  if (/Android/.test(agent)) return isPlaced ? `geo:${point}?q=${point}(${words})` : `geo:0,0?q=${words}`;
  if (isPlaced) return `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`;
  return `https://www.openstreetmap.org/search?query=${words}`;
}

/**
 * `tel:` takes digits and a plus; what people write between them is for the eye.
 *
 * @param {string} phone
 */
export function phoneAddress(phone) {
  return `tel:${phone.replace(/[^\d+*#,;]/g, "")}`;
}
