// What browser tests take hold of in the scripts of a board that is open.

export { readBoard } from "../../../../api/web/scripts/board/board-data.js";
export { setDropHandler } from "../../../../api/web/scripts/board/moves/drag.js";
export { openPanel } from "../../../../api/web/scripts/board/panels/panel.js";
export { board, notify, select } from "../../../../api/web/scripts/board/state.js";
export { dayOf } from "../../../../api/web/scripts/board/timeline/items.js";
export { pointOf, scroller } from "../../../../api/web/scripts/board/timeline/timeline.js";
