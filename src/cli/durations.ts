import { UsageError } from '../errors.js';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** Ten years: longer than any cache lives, short enough that no store's clock overflows. */
export const LONGEST = 315_360_000;

/**
 * Reads `90s`, `10m`, `1h30m`, `2d`, or a plain number of seconds.
 * @returns whole seconds, 0 included
 * @throws UsageError
 */
export function parseDuration(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : sumOfParts(text);
  if (seconds === undefined) {
    throw new UsageError(`"${text}" is not a duration`, 'Write 90s, 10m, 1h30m, 2d, or a plain number of seconds.');
  }

  if (seconds > LONGEST) {
    throw new UsageError(`"${text}" is longer than ten years`, 'Write 3650d or less.');
  }

  return seconds;
}

/** The two largest units, for people: `1h 30m`, `41s`. */
export function formatDuration(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / SECONDS[unit]);
    rest -= count * SECONDS[unit];
    if (count > 0) parts.push(`${count}${unit}`);
  }

  return parts.slice(0, 2).join(' ') || '0s';
}

function sumOfParts(text: string): number | undefined {
  if (!/^(\d+[smhdw])+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/g)) {
    sum += Number(count) * SECONDS[unit as keyof typeof SECONDS];
  }

  return sum;
}
