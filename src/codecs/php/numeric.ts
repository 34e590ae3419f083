/**
 * Whether PHP 8's is_numeric takes these bytes: a decimal number, signed or not, with or without fraction and exponent,
 * white space around it allowed.
 */
export function isNumeric(bytes: Buffer): boolean {
  return bytes.length <= LONGEST && NUMERIC.test(bytes.toString('latin1'));
}

/** As `(string) $float` gives it where its 14 digits are enough (PHP's `precision`), else with all digits. */
export function floatText(value: number): string {
  const short = spelled(value.toPrecision(PRECISION), PRECISION);
  return Number(short) === value ? short : serializedFloat(value);
}

/** As `serialize()` spells a float: the fewest digits that give the same number again (`serialize_precision` -1). */
export function serializedFloat(value: number): string {
  return spelled(String(value), SERIALIZE_PRECISION);
}

const NUMERIC = /^[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d+)?[ \t\n\r\v\f]*$/;

/** No number that anyone meant as one is longer; what is, is text. */
const LONGEST = 4096;

const PRECISION = 14;
const SERIALIZE_PRECISION = 17;

/** PHP's spelling of the digits in `text`: an exponent when the point lies outside -3..digits places. */
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

/** Significant digits, and where the point stands among them: 0.05 is digits 5, point -1. */
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
