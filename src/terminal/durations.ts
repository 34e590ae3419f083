import { UsageError } from '../errors.js';

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Ten years: longer than any cache entry needs, and no store's clock overflows. */
export const MAX_SECONDS = 315_360_000;

const EXAMPLES = 'Use 700ms, 90s, 10m, 1h30m, 1.5h, 2d, 1w, or a plain number of seconds.';

/**
 * Parse `700ms`, `90s`, `10m`, `1h30m`, `1.5h`, `2d`, `1w`, or a plain number of seconds.
 * @returns seconds with millisecond precision; may be 0
 * @throws UsageError
 */
export function parsePreciseDuration(text: string): number {
  const sum = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : sumOfParts(text);
  if (sum === undefined) throw new UsageError(`"${text}" is not a duration`, EXAMPLES);
  const milliseconds = Math.round(sum);
  if (milliseconds > MAX_SECONDS * 1000)
    throw new UsageError(`"${text}" is longer than ten years`, 'Use 3650d or less.');
  if (milliseconds === 0 && sum > 0) throw new UsageError(`"${text}" is less than a millisecond`, 'Use 1ms or more.');
  return milliseconds / 1000;
}

/**
 * Parse a duration in whole seconds, such as the TTL of an entry.
 * @throws UsageError
 */
export function parseDuration(text: string): number {
  const seconds = parsePreciseDuration(text);
  if (Number.isInteger(seconds)) return seconds;
  const rounded = Math.ceil(seconds);
  throw new UsageError(`"${text}" is not a whole number of seconds`, `Use ${rounded}s.`);
}

/** Format a duration with its two largest units: `1h 30m`, `41s`. */
export function formatDuration(seconds: number): string {
  const parts: string[] = [];
  let rest = Math.round(seconds) * 1000;
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / MILLISECONDS[unit]);
    rest -= count * MILLISECONDS[unit];
    if (count > 0) parts.push(`${count}${unit}`);
  }

  return parts.slice(0, 2).join(' ') || '0s';
}

/** Format a duration; below a minute with milliseconds: `700ms`, `1.5s`. */
export function formatPreciseDuration(seconds: number): string {
  if (Number.isInteger(seconds) || seconds >= 60) return formatDuration(seconds);
  return seconds < 1 ? `${Math.round(seconds * 1000)}ms` : `${seconds}s`;
}

/** Local time to the millisecond. */
export function clockTime(time: Date): string {
  const offset = time.getTimezoneOffset() * 60_000;
  return new Date(time.getTime() - offset).toISOString().slice(11, 23);
}

/** In milliseconds. */
function sumOfParts(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|[smhdw])/g)) {
    sum += Number(count) * MILLISECONDS[unit as keyof typeof MILLISECONDS];
  }

  return sum;
}
