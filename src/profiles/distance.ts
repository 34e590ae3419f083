/** How many letters differ between two words. A file of its own, so that it is loaded when something was misspelt. */
export { distance } from 'fastest-levenshtein';
