import { bytesText } from '../byte-text.js';
import { count } from './progress.js';

export { bytesText } from '../byte-text.js';

/** Format a rate per second, without the unit: `0.4`, `1,234`. */
export function rateText(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : count(Math.round(rate));
}

/** Format a ratio from 0 to 1 as a percentage: `90.1%`. */
export function ratioText(ratio: number): string {
  return `${(ratio * 100).toFixed(1)}%`;
}

/** Format bytes with their exact number if that is not all: `12 B`, `1.5 kB (1,536 B)`. */
export function exactBytes(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${bytesText(bytes)} (${count(bytes)} B)`;
}

/** Round to three decimal places, for JSON. */
export function rounded(number: number): number {
  return Math.round(number * 1000) / 1000;
}
