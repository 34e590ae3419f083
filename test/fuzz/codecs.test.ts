import { expect } from 'chai';

import type { Value } from '../../src/codecs/value.js';

import { bareNumbers } from '../../src/codecs/bare-numbers.js';
import { toJson, toPrettyJson } from '../../src/codecs/json/print.js';
import { openCodec } from '../../src/codecs/open.js';
import { UndecodableError } from '../../src/errors.js';
import { mutated } from './mutate.js';
import { Random, rounds, SEED } from './random.js';
import { randomValue } from './values.js';

const PHP = openCodec('php');
const JSON_CODEC = openCodec('json');
const BARE = bareNumbers(PHP);

describe(`codecs with random input (seed ${SEED})`, () => {
  let random: Random;

  beforeEach(() => {
    random = new Random(SEED);
  });

  it('php: decodes what it encoded to the same value', () => {
    for (let round = 0; round < rounds(2000); round++) {
      const value = randomValue(random);
      expect(PHP.decode(PHP.encode(value))).to.deep.equal(value);
    }
  });

  it('php with bare numbers: encodes what it decoded to the same bytes', () => {
    for (let round = 0; round < rounds(3000); round++) {
      const bytes = BARE.encode(random.chance(0.5) ? randomValue(random) : numericText(random));
      expect(BARE.encode(BARE.decode(bytes)).toString('latin1')).to.equal(bytes.toString('latin1'));
    }
  });

  it('php: decodes damaged bytes or refuses them with the offset', () => {
    let decoded = 0;
    for (let round = 0; round < rounds(5000); round++) {
      const bytes = mutated(PHP.encode(randomValue(random)), random);
      const value = decodedOrRefused(() => PHP.decode(bytes), bytes);
      if (!value) continue;
      decoded++;
      const encoded = PHP.encode(value);
      expect(PHP.encode(PHP.decode(encoded))).to.deep.equal(encoded);
      expect(() => JSON.parse(toJson(value)) as unknown).not.to.throw();
    }

    expect(decoded).to.be.greaterThan(100);
  });

  it('json: decodes damaged bytes like JavaScript, or refuses them with the offset', () => {
    let decoded = 0;
    for (let round = 0; round < rounds(5000); round++) {
      const bytes = mutated(Buffer.from(toPrettyJson(randomValue(random))), random);
      const value = decodedOrRefused(() => JSON_CODEC.decode(bytes), bytes);
      if (!value) {
        expect(() => strictJson(bytes)).to.throw();
        continue;
      }

      decoded++;
      expect(strictJson(Buffer.from(toJson(value)))).to.deep.equal(strictJson(bytes));
    }

    expect(decoded).to.be.greaterThan(100);
  });

  it('prints the same JSON document in both layouts', () => {
    for (let round = 0; round < rounds(2000); round++) {
      const value = randomValue(random);
      expect(JSON.parse(toPrettyJson(value))).to.deep.equal(JSON.parse(toJson(value)));
    }
  });
});

function decodedOrRefused(decode: () => Value, { length }: Buffer): undefined | Value {
  try {
    return decode();
  } catch (error) {
    expect(error).to.be.an.instanceOf(UndecodableError);
    expect((error as UndecodableError).offset).to.be.within(0, length);
    expect((error as UndecodableError).message).not.to.match(/[\n\r]/);
    return undefined;
  }
}

/** Like JavaScript's parser, but without lone surrogates and numbers that are too large. */
function strictJson(bytes: Buffer): unknown {
  const text = new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(bytes);
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value === 'string' && /\p{Cs}/u.test(value)) throw new Error('half of a surrogate pair');
    if (value === Infinity || value === -Infinity) throw new Error('too large for a float');
    // PHP reads -0 as the integer 0.
    return Object.is(value, -0) ? 0 : value;
  });
}

function numericText(random: Random): Value {
  return { type: 'string', value: Buffer.from(random.text(1 + random.below(6), '0123456789..eE+-- ')) };
}
