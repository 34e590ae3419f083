/**
 * Whether PHP 8's `is_numeric` accepts these bytes: a decimal number with optional sign, fraction and exponent, and
 * white space around it. A number too large for a float counts too.
 */
export function isNumeric(bytes: Buffer): boolean {
  // No number begins with a letter. Most texts and all serialized values do.
  if (bytes[0]! > DIGIT_9) return false;
  const start = skipWhiteSpace(bytes, 0);
  const whole = skipSign(bytes, start);
  let at = skipDigits(bytes, whole);
  let digits = at - whole;
  if (bytes[at] === POINT) {
    const fraction = at + 1;
    at = skipDigits(bytes, fraction);
    digits += at - fraction;
  }

  if (digits === 0) return false;
  if (bytes[at] === CAPITAL_E || bytes[at] === SMALL_E) {
    const exponent = skipSign(bytes, at + 1);
    at = skipDigits(bytes, exponent);
    if (at === exponent) return false;
  }

  return skipWhiteSpace(bytes, at) === bytes.length;
}

/**
 * Format a float like `(string) $float` if the 14 digits of PHP's default `precision` restore the same number.
 * Otherwise use all digits: an application would store 0.1 + 0.2 as 0.3, but cachectl loses nothing.
 */
export function floatText(value: number): string {
  const short = spelled(value.toPrecision(PRECISION), PRECISION);
  return Object.is(Number(short), value) ? short : serializedFloat(value);
}

/** Format a float like `serialize()`: the fewest digits that restore the same number (`serialize_precision` -1). */
export function serializedFloat(value: number): string {
  return spelled(Object.is(value, -0) ? '-0' : String(value), SERIALIZE_PRECISION);
}

const POINT = 0x2e;
const SMALL_E = 0x65;
const CAPITAL_E = 0x45;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const WHITE_SPACE = Buffer.from(' \t\n\r\v\f');

function skipWhiteSpace(bytes: Buffer, at: number): number {
  while (at < bytes.length && WHITE_SPACE.includes(bytes[at]!)) at++;
  return at;
}

function skipSign(bytes: Buffer, at: number): number {
  return bytes[at] === PLUS || bytes[at] === MINUS ? at + 1 : at;
}

function skipDigits(bytes: Buffer, at: number): number {
  while (at < bytes.length && bytes[at]! >= DIGIT_0 && bytes[at]! <= DIGIT_9) at++;
  return at;
}

const PRECISION = 14;
const SERIALIZE_PRECISION = 17;

/** PHP's notation: an exponent if the point would be left of 0.000 or right of that many digits. */
function spelled(text: string, digitsBeforeExponent: number): string {
  if (Number.isNaN(Number(text))) return 'NAN';
  if (text.endsWith('Infinity')) return text.startsWith('-') ? '-INF' : 'INF';
  const { sign, digits, point } = decimal(text);
  if (digits === '') return `${sign}0`;
  if (point < -3 || point > digitsBeforeExponent) {
    const exponent = point - 1;
    return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
  }

  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits.padEnd(point, '0')}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Significant digits and the position of the point: 0.05 has digits 5 and point -1. */
function decimal(text: string): { sign: string; digits: string; point: number } {
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text)!;
  const all = whole! + fraction;
  const leading = /^0*/.exec(all)![0].length;
  return {
    sign: sign!,
    digits: all.slice(leading).replace(/0+$/, ''),
    point: whole!.length - leading + Number(exponent),
  };
}
