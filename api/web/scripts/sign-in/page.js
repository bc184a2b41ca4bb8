import { loadTexts } from "../texts.js";

await loadTexts("sign-in");
