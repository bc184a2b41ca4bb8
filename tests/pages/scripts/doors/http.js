// How pages ask the service, for browser tests.

export { ask, get } from "../../../../api/web/scripts/http.js";
