import { createHash } from 'node:crypto';

/** A value that both an application and a person can put. */
export interface SharedValue {
  readonly title: string;
  /** As a PHP expression. */
  readonly php: string;
  /** As printed by `get --json`. */
  readonly json: string;
  /** The same on a store with bare numbers, where 2.0 and "2" are equal. Default: `json`. */
  readonly bareJson?: string;
  /** How to `put` it: as its text, or as `json` with `--as json`. Left out if that is impossible. */
  readonly put?: 'json' | 'text';
  /** For `text`. Default: the string in `json`. */
  readonly text?: Buffer | string;
}

const LONG = 'abcdefghij'.repeat(500);
const PATTERNLESS = Buffer.concat(
  Array.from({ length: 200 }, (_, index) => createHash('md5').update(String(index)).digest()),
);

export const SHARED_VALUES: readonly SharedValue[] = [
  { title: 'a string', php: `'hello'`, json: '"hello"', put: 'text' },
  { title: 'the empty string', php: `''`, json: '""', put: 'text' },
  { title: 'text beyond ASCII', php: `'žluťoučký 🐎'`, json: '"žluťoučký 🐎"', put: 'text' },
  { title: 'lines', php: String.raw`"a\r\nb\n"`, json: String.raw`"a\r\nb\n"`, put: 'text' },
  {
    title: 'bytes that are no text',
    php: String.raw`"\x00\xff\xfebin"`,
    json: '{"$base64":"AP/+Ymlu"}',
    put: 'text',
    text: Buffer.from([0, 0xff, 0xfe, ...Buffer.from('bin')]),
  },
  { title: 'a long string', php: `str_repeat('abcdefghij', 500)`, json: `"${LONG}"`, put: 'text' },
  {
    title: 'long bytes that no compressor makes shorter',
    php: `implode(array_map(fn ($n) => md5((string) $n, true), range(0, 199)))`,
    json: `{"$base64":"${PATTERNLESS.toString('base64')}"}`,
    put: 'text',
    text: PATTERNLESS,
  },
  { title: 'digits with a leading zero', php: `'0123'`, json: '"0123"', put: 'text' },
  { title: 'a string of digits', php: `'42'`, json: '"42"', bareJson: '42', put: 'text' },
  { title: 'a string that is an exponent', php: `'1e3'`, json: '"1e3"', put: 'text' },
  { title: 'a string of spaces and digits', php: `' 42 '`, json: '" 42 "', put: 'text' },
  { title: 'an integer', php: '42', json: '42', put: 'json' },
  { title: 'zero', php: '0', json: '0', put: 'json' },
  { title: 'a negative integer', php: '-7', json: '-7', put: 'json' },
  { title: 'the largest integer', php: 'PHP_INT_MAX', json: '9223372036854775807', put: 'json' },
  { title: 'the smallest integer', php: 'PHP_INT_MIN', json: '-9223372036854775808', put: 'json' },
  { title: 'a float', php: '3.14', json: '3.14', put: 'json' },
  { title: 'a whole float', php: '2.0', json: '2.0', bareJson: '2', put: 'json' },
  { title: 'a large float', php: '1.0e25', json: '1e+25', put: 'json' },
  { title: 'a small float', php: '-1.5e-10', json: '-1.5e-10', put: 'json' },
  { title: 'infinity', php: 'INF', json: '{"$float":"INF"}' },
  { title: 'true', php: 'true', json: 'true', put: 'json' },
  { title: 'false', php: 'false', json: 'false', put: 'json' },
  { title: 'null', php: 'null', json: 'null', put: 'json' },
  { title: 'a list', php: '[1, 2, 3]', json: '[1,2,3]', put: 'json' },
  { title: 'the empty array', php: '[]', json: '[]', put: 'json' },
  {
    title: 'a map of every type',
    php: `['name' => 'Ann', 'n' => 3, 'f' => 1.5, 'b' => true, 'z' => null, '' => 'x']`,
    json: '{"name":"Ann","n":3,"f":1.5,"b":true,"z":null,"":"x"}',
    put: 'json',
  },
  {
    title: 'arrays within arrays',
    php: `['a' => ['b' => [[1, []], 'c']], 'ž' => [true]]`,
    json: '{"a":{"b":[[1,[]],"c"]},"ž":[true]}',
    put: 'json',
  },
  { title: 'a sparse array', php: `[3 => 'x', 7 => 'y']`, json: '{"3":"x","7":"y"}', put: 'json' },
  { title: 'an array from one on', php: `[1 => 'a', 2 => 'b']`, json: '{"1":"a","2":"b"}', put: 'json' },
  { title: 'keys of both kinds', php: `['a', 'k' => 'b', -3 => 'c']`, json: '{"0":"a","k":"b","-3":"c"}', put: 'json' },
  {
    title: 'a long list',
    php: `array_fill(0, 500, ['k' => 'value'])`,
    json: `[${Array.from({ length: 500 }, () => '{"k":"value"}').join(',')}]`,
    put: 'json',
  },
  {
    title: 'an object without a class of its own',
    php: `(object) ['a' => 1, 'b' => [true]]`,
    json: '{"a":1,"b":[true]}',
  },
  {
    title: 'an object',
    php: `new DateTimeImmutable('2020-01-02 03:04:05.678900 UTC')`,
    json: '{"$class":"DateTimeImmutable","date":"2020-01-02 03:04:05.678900","timezone_type":3,"timezone":"UTC"}',
  },
];
