import * as fc from 'fast-check';

/**
 * Inputs near the seeds: one of them with a few changes that aim at the weak points of a parser, its lengths, counts,
 * nesting and delimiters. They shrink towards an unchanged seed.
 * @param tokens words of the format
 */
export function mutants(seeds: readonly Buffer[], tokens: readonly string[]): fc.Arbitrary<Buffer> {
  const words = fc.constantFrom(...[...tokens, ...ANY_TOKENS].map((token) => Buffer.from(token, 'latin1')));
  const bytes = fc.constantFrom(...seeds);
  const change = fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), at: PLACE }),
    fc.record({ kind: fc.constant('delete' as const), at: PLACE, length: LENGTH }),
    fc.record({ kind: fc.constant('repeat' as const), at: PLACE, length: LENGTH, times: TIMES }),
    fc.record({ kind: fc.constant('insert' as const), at: PLACE, word: words, times: TIMES }),
    fc.record({ kind: fc.constant('splice' as const), at: PLACE, other: bytes, from: PLACE, length: LENGTH }),
    fc.record({ kind: fc.constant('number' as const), at: PLACE, number: fc.constantFrom(...NUMBERS) }),
    fc.record({ kind: fc.constant('field' as const), at: PLACE, field: fc.constantFrom(...FIELDS) }),
    fc.record({ kind: fc.constant('byte' as const), at: PLACE, byte: fc.nat(255) }),
  );
  const changes = fc.array(change, { maxLength: 4 });
  return fc.tuple(bytes, changes).map(([seed, applied]) => {
    let result = seed;
    for (const each of applied) result = changed(result, each).subarray(0, LONGEST);
    return result;
  });
}

/** In bytes: long enough for any quadratic algorithm to show. */
const LONGEST = 2 ** 16;

/** Where, as a fraction of the length. */
const PLACE = fc.nat(9999);
const LENGTH = fc.oneof(fc.nat(8), fc.nat(200));
/** Deep nesting is beyond the call stack. */
const TIMES = fc.oneof({ arbitrary: fc.constantFrom(1, 2), weight: 6 }, fc.constantFrom(50, 5000, 30_000));

const NUMBERS = [
  '0',
  '-1',
  '-5',
  '1',
  '7',
  '255',
  '4096',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '9223372036854775807',
  '9223372036854775808',
  '1e999',
  '9'.repeat(40),
  '0x10',
  '00000000',
  '',
].map((digits) => Buffer.from(digits));

/** Binary lengths and counts. */
const FIELDS = [
  '00',
  'ff',
  '7f',
  '80',
  '0000',
  'ffff',
  '7fff',
  '00000000',
  'ffffffff',
  '7fffffff',
  '80000000',
  'ffffffffffffffff',
  '7fffffffffffffff',
  '01000000',
  '00000001',
  '00100000',
].map((hex) => Buffer.from(hex, 'hex'));

/** Names that a careless parser would set on a prototype, and text that a terminal, shell, PHP or template would run. */
const ANY_TOKENS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '\0',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '"',
  "'",
  '\\',
  '\u00FF\u00FE',
  '\u00ED\u00A0\u0080',
  '\u00EF\u00BB\u00BF',
  '\u001B[31m',
  '${HOME}',
  '$(id)',
  '`id`',
  '%00',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  ',',
  ':',
  ';',
  '=',
  '-',
  '+',
  '#',
  '&',
  '*',
  '<?php ',
];

type Change =
  | { readonly kind: 'byte'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'delete'; readonly at: number; readonly length: number }
  | { readonly kind: 'field'; readonly at: number; readonly field: Buffer }
  | { readonly kind: 'insert'; readonly at: number; readonly word: Buffer; readonly times: number }
  | { readonly kind: 'number'; readonly at: number; readonly number: Buffer }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number; readonly times: number }
  | {
      readonly kind: 'splice';
      readonly at: number;
      readonly other: Buffer;
      readonly from: number;
      readonly length: number;
    };

function changed(bytes: Buffer, change: Change): Buffer {
  const at = Math.floor((change.at * (bytes.length + 1)) / 10_000);
  const before = bytes.subarray(0, at);
  const after = bytes.subarray(at);
  switch (change.kind) {
    case 'byte': {
      return Buffer.concat([before, Buffer.of(change.byte), after.subarray(1)]);
    }

    case 'cut': {
      return before;
    }

    case 'delete': {
      return Buffer.concat([before, after.subarray(change.length)]);
    }

    case 'field': {
      return Buffer.concat([before, change.field, after.subarray(change.field.length)]);
    }

    case 'insert': {
      return Buffer.concat([before, times(change.word, change.times), after]);
    }

    case 'number': {
      return withNumber(bytes, at, change.number);
    }

    case 'repeat': {
      return Buffer.concat([before, times(after.subarray(0, change.length), change.times), after]);
    }

    case 'splice': {
      const from = Math.floor((change.from * change.other.length) / 10_000);
      return Buffer.concat([before, change.other.subarray(from, from + change.length), after]);
    }
  }
}

function times(word: Buffer, count: number): Buffer {
  return Buffer.alloc(Math.min(LONGEST, word.length * count), word);
}

/** Replace the first decimal number behind `at`. */
function withNumber(bytes: Buffer, at: number, number: Buffer): Buffer {
  const [digits] = /\d+/.exec(bytes.toString('latin1', at)) ?? [];
  if (digits === undefined) return bytes;
  const start = bytes.indexOf(digits, at, 'latin1');
  return Buffer.concat([bytes.subarray(0, start), number, bytes.subarray(start + digits.length)]);
}
