/**
 * Format a float like php-memcached: the shortest digits that round-trip, in the format of David Gay's g_fmt (`.5`,
 * `1e+25`, `1e-05`). PHP's `precision` has no effect.
 */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (!Number.isFinite(value)) return `${sign}Infinity`;
  if (value === 0) return `${sign}0`;
  const [, first, rest = '', exponent] = /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(Math.abs(value).toExponential())!;
  const digits = first! + rest;
  const point = Number(exponent) + 1;
  return sign + (point <= -4 || point > digits.length + 5 ? scientific(digits, point - 1) : plain(digits, point));
}

/** Parse a float like php-memcached. Undefined for other text. */
export function floatOf(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?$/.test(text)) return Number(text);
  return NAMED.get(text);
}

const NAMED: ReadonlyMap<string, number> = new Map([
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['NaN', Number.NaN],
]);

function scientific(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** `point`: the position of the decimal point. */
function plain(digits: string, point: number): string {
  if (point <= 0) return `.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return digits.padEnd(point, '0');
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}
