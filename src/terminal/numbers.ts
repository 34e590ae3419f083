export { bytesText } from '../byte-text.js';
import { count } from './progress.js';

/** How many a second, without the unit: `0.4`, `1,234`. */
export function rateText(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : count(Math.round(rate));
}

/** Of a share of one: `90.1%`. */
export function ratioText(ratio: number): string {
  return `${(ratio * 100).toFixed(1)}%`;
}

/** To three places, as JSON has it. */
export function rounded(number: number): number {
  return Math.round(number * 1000) / 1000;
}
