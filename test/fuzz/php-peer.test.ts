import { expect } from 'chai';
import * as fc from 'fast-check';

import type { Value } from '../../src/codecs/value.js';

import { bareNumbers } from '../../src/codecs/bare-numbers.js';
import { toJson, toPrettyJson } from '../../src/codecs/json/print.js';
import { phpCodec } from '../../src/codecs/php/codec.js';
import { floatText, isNumeric, serializedFloat } from '../../src/codecs/php/numeric.js';
import { serialize } from '../../src/codecs/php/serialize.js';
import { unserialize } from '../../src/codecs/php/unserialize.js';
import { string } from '../../src/codecs/value.js';
import { requireProgram } from '../support/requirements.js';
import { mutants } from './mutants.js';
import { mutated } from './mutate.js';
import { valueParsers } from './parsers/values.js';
import { askPhp } from './peer.js';
import { Random, rounds, SEED } from './random.js';
import { randomValue } from './values.js';

describe(`serialize() against PHP itself, with random input (seed ${SEED})`, () => {
  let php = '';
  let random: Random;

  before(function () {
    php = requireProgram(this, 'php');
  });

  beforeEach(() => {
    random = new Random(SEED);
  });

  it('writes what PHP reads and writes back as the same bytes', () => {
    const ours = some(4000, () => serialize(randomValue(random)));
    const theirs = askPhp(php, 'reserialize', ours);
    for (const [index, bytes] of ours.entries()) expect(shown(theirs[index]!)).to.equal(shown(bytes));
  });

  it('reads what PHP writes, writes the same bytes, and prints JSON', () => {
    const theirs = askPhp(
      php,
      'generate',
      some(4000, (index) => Buffer.from(String(SEED + index))),
    );
    for (const bytes of theirs) {
      const value = unserialize(bytes);
      expect(shown(serialize(value))).to.equal(shown(bytes));
      expect(JSON.parse(toPrettyJson(value))).to.deep.equal(JSON.parse(toJson(value)));
    }

    // Check that the generator still produces every kind.
    const all = Buffer.concat(theirs).toString('latin1');
    for (const form of [
      'R:',
      'r:',
      'C:6:"Nested"',
      'C:6:"Legacy"',
      'E:11:"Suit:Hearts"',
      '\0Money\0note',
      'O:3:"Bag"',
    ]) {
      expect(all).to.include(form);
    }
  });

  it('refuses, accepts and understands the same bytes as PHP, with stated differences', async function () {
    this.timeout(0);
    const { seeds, tokens } = (await valueParsers()).find(({ name }) => name === 'php')!;
    for (let batch = 0; batch < rounds(1); batch++) {
      const near = fc.sample(mutants(seeds, tokens), { numRuns: 2000, seed: SEED + batch });
      const spoiled = [...some(5000, () => mutated(serialize(randomValue(random)), random)), ...near].filter(
        // PHP needs the classes of enums and `C:` objects; cachectl does not.
        (bytes) => !/[CE]:\d/.test(bytes.toString('latin1')),
      );
      const theirs = askPhp(php, 'reserializeClassless', spoiled);
      for (const [index, bytes] of spoiled.entries()) expectLikePhp(bytes, theirs[index]!);
    }
  });

  it('writes floats like serialize()', () => {
    const floats = someFloats(random);
    const theirs = askPhp(
      php,
      'serializeFloat',
      floats.map((value) => bitsOf(value)),
    );
    for (const [index, value] of floats.entries()) {
      expect(`d:${serializedFloat(value)};`).to.equal(theirs[index]!.toString());
    }
  });

  it('writes floats like (string), if 14 digits are enough', () => {
    const floats = someFloats(random);
    const theirs = askPhp(
      php,
      'floatText',
      floats.map((value) => bitsOf(value)),
    );
    for (const [index, value] of floats.entries()) expect(floatText(value)).to.equal(theirs[index]!.toString());
  });

  it('accepts the same numbers as is_numeric', () => {
    const texts = someTexts(random);
    const theirs = askPhp(php, 'isNumeric', texts);
    for (const [index, text] of texts.entries()) {
      expect([shown(text), isNumeric(text) ? 'yes' : 'no']).to.deep.equal([shown(text), theirs[index]!.toString()]);
    }
  });

  it('stores the same strings bare as Laravel', () => {
    const texts = someTexts(random);
    const codec = bareNumbers(phpCodec);
    const theirs = askPhp(php, 'store', texts);
    for (const [index, text] of texts.entries()) {
      expect(shown(codec.encode(string(text)))).to.equal(shown(theirs[index]!));
    }
  });
});

function some<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Notation changes around the powers of ten and of two. */
function someFloats(random: Random): number[] {
  const edges = [...some(640, (index) => Number(`1e${index - 325}`)), ...some(2098, (index) => 2 ** (index - 1074))];
  return [
    ...some(6000, () => random.float()),
    ...some(2000, () => Number(random.integer())),
    ...edges.flatMap((edge) => [edge, -edge, edge * 1.5, edge - edge / 2 ** 52]),
  ];
}

function someTexts(random: Random): Buffer[] {
  const exponents = some(700, (index) => `1e${index - 350}`);
  const long = [`0.${'0'.repeat(5000)}1`, '9'.repeat(5000), `${'0'.repeat(5000)}7`, `1${' '.repeat(5000)}`];
  return [
    ...[...exponents, ...long].map((text) => Buffer.from(text)),
    ...some(20_000, () => Buffer.from(random.text(1 + random.below(7), '0123456789..eE+-+- \t\n\r\v\f\0x_a'))),
  ];
}

/** @param theirs empty if PHP refuses */
function expectLikePhp(bytes: Buffer, theirs: Buffer): void {
  let value: undefined | Value;
  let refusal = '';
  try {
    value = unserialize(bytes);
  } catch (error) {
    refusal = (error as Error).message;
  }

  const text = bytes.toString('latin1');
  if (theirs.length === 0) expect(value, shown(bytes)).to.equal(undefined);
  else if (value === undefined) {
    // PHP 8.2 ignores trailing bytes, reduces integers that are too large, and reads a missing count as 0. It accepts
    // some values that repeat a key and have references.
    const isStated =
      /expected the end|does not fit into 64 bits|missing '|repeats a key/.test(refusal) || /"::\{/.test(text);
    expect(isStated, `${shown(bytes)}: ${refusal}`).to.equal(true);
  } else if (!/[Rr]:\d/.test(text)) {
    expect(toJson(value), shown(bytes)).to.equal(toJson(unserialize(theirs)));
  }
}

function bitsOf(value: number): Buffer {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(value);
  return bits;
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'));
}
