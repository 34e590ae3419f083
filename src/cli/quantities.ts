import { count } from './progress.js';

/** Powers of 1000, as disks and networks have it. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const number = bytes / 1000 ** power;
  return `${power === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${units[power]}`;
}

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
