/** Words as they are compared. */

/**
 * Without diacritics and capitals: who searches in a hurry types `dieu hoa`.
 *
 * @param {string} words
 */
export const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();
