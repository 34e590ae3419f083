import { expect } from 'chai';

import type { Codec } from '../../src/codecs/codec.js';
import type { Value } from '../../src/codecs/value.js';

import { igbinaryCodec } from '../../src/codecs/igbinary/codec.js';
import { toJson } from '../../src/codecs/json/print.js';
import { msgpackCodec } from '../../src/codecs/msgpack/codec.js';
import { serialize } from '../../src/codecs/php/serialize.js';
import { InputError, UndecodableError } from '../../src/errors.js';
import { requirePhp } from '../support/php-requirements.js';
import { mutated } from './mutate.js';
import { askPhp, type Job } from './peer.js';
import { Random, rounds, SEED } from './random.js';
import { randomValue } from './values.js';

describe(`PHP's serializers with random input (seed ${SEED})`, () => {
  let random: Random;

  beforeEach(() => {
    random = new Random(SEED);
  });

  it('igbinary: decodes what it encoded to the same value', () => {
    for (const value of someEncodable(igbinaryCodec, random)) {
      expect(shown(serialize(igbinaryCodec.decode(igbinaryCodec.encode(value))))).to.equal(shown(serialize(value)));
    }
  });

  it('msgpack: decodes what it encoded to the same value, without references', () => {
    for (const value of someEncodable(msgpackCodec, random).filter((value) => !refers(value))) {
      expect(shown(serialize(msgpackCodec.decode(msgpackCodec.encode(value))))).to.equal(shown(serialize(value)));
    }
  });

  for (const codec of [igbinaryCodec, msgpackCodec]) {
    it(`${codec.name}: decodes damaged bytes or refuses them with the offset`, () => {
      let decoded = 0;
      const encoded = someEncodable(codec, random).map((value) => codec.encode(value));
      for (let round = 0; round < rounds(5000); round++) {
        const bytes = spoiled(random.oneOf(encoded), random);
        const value = decodedOrRefused(codec, bytes);
        if (!value) continue;
        decoded++;
        const again = codec.encode(value);
        expect(shown(codec.encode(codec.decode(again)))).to.equal(shown(again));
        expect(() => JSON.parse(toJson(value)) as unknown).not.to.throw();
      }

      expect(decoded).to.be.greaterThan(250);
    });
  }
});

describe(`serializers against PHP's own, with random input (seed ${SEED})`, () => {
  let php = '';
  let random: Random;
  let seeds: Buffer[];

  before(function () {
    php = requirePhp(this, 'igbinary', 'msgpack');
    seeds = Array.from({ length: 3000 }, (_, index) => Buffer.from(String(SEED + index)));
  });

  beforeEach(() => {
    random = new Random(SEED);
  });

  it('igbinary: reads what PHP writes', () => {
    const meant = askPhp(php, 'generate', seeds);
    for (const [index, bytes] of askPhp(php, 'generateIgbinary', seeds).entries()) {
      if (isNested(meant[index]!)) continue;
      expect(shown(serialize(igbinaryCodec.decode(bytes)))).to.equal(shown(meant[index]!));
    }
  });

  it('igbinary: writes the same bytes as PHP, or equivalent ones', () => {
    const theirs = askPhp(php, 'generateIgbinary', seeds);
    const ours = theirs.map((bytes) => igbinaryCodec.encode(igbinaryCodec.decode(bytes)));
    // If an object comes first alone and then in a variable, igbinary puts it into the variable at once.
    const others = theirs.map((_, index) => index).filter((index) => !ours[index]!.equals(theirs[index]!));
    expect(others.length).to.be.below(theirs.length / 20);
    const meant = askPhp(
      php,
      'igbinaryToPhp',
      others.map((index) => theirs[index]!),
    );
    const read = askPhp(
      php,
      'igbinaryToPhp',
      others.map((index) => ours[index]!),
    );
    for (const [index, bytes] of read.entries()) {
      if (!isNested(bytes)) expect(shown(bytes)).to.equal(shown(meant[index]!));
    }
  });

  it('igbinary: writes what PHP reads as the same value', () => {
    expectReadAlike(igbinaryCodec, 'igbinaryToPhp', someEncodable(igbinaryCodec, random));
  });

  it('msgpack: reads what PHP writes, and writes the same bytes', () => {
    const meant = askPhp(php, 'generateWithoutReferences', seeds);
    for (const [index, bytes] of askPhp(php, 'generateMsgpack', seeds).entries()) {
      const value = msgpackCodec.decode(bytes);
      expect(shown(msgpackCodec.encode(value))).to.equal(shown(bytes));
      // igbinary writes an enum case as its parts.
      if (isNested(meant[index]!) || meant[index]!.includes('E:11:"Suit')) continue;
      expect(shown(serialize(value))).to.equal(shown(meant[index]!));
    }
  });

  it('msgpack: writes what PHP reads as the same value, without references', () => {
    // References to objects can crash the extension. It adds a NUL to custom data.
    const values = someEncodable(msgpackCodec, random).filter(
      (value) => !refers(value) && !isCustom(value) && !isNameless(value),
    );
    expectReadAlike(msgpackCodec, 'msgpackToPhp', values);
  });

  it('msgpack: writes the bytes that PHP writes', () => {
    const values = someEncodable(msgpackCodec, random);
    const theirs = askPhp(
      php,
      'phpToMsgpack',
      values.map((value) => serialize(value)),
    );
    for (const [index, value] of values.entries()) {
      expect(shown(withoutNan(msgpackCodec.encode(value)))).to.equal(shown(withoutNan(theirs[index]!)));
    }
  });

  function expectReadAlike(codec: Codec, job: Job, values: readonly Value[]): void {
    const read = askPhp(
      php,
      job,
      values.map((value) => codec.encode(value)),
    );
    const meant = askPhp(
      php,
      'reserialize',
      values.map((value) => serialize(value)),
    );
    for (const [index, bytes] of read.entries()) expect(shown(bytes)).to.equal(shown(meant[index]!));
  }
});

/** Only values that it can hold. In msgpack, only PHP knows how an unknown class is written. */
function someEncodable(codec: Codec, random: Random): Value[] {
  const values = Array.from({ length: 4000 }, () => randomValue(random)).filter((value) => isEncodable(codec, value));
  expect(values.length).to.be.greaterThan(1000);
  return values;
}

function isEncodable(codec: Codec, value: Value): boolean {
  try {
    codec.encode(value);
    return true;
  } catch (error) {
    expect(error).to.be.an.instanceOf(InputError);
    return false;
  }
}

function spoiled(bytes: Buffer, random: Random): Buffer {
  const result = Buffer.from(mutated(bytes, random));
  // Extreme lengths and numbers.
  const at = random.below(result.length + 1);
  return random.chance(0.2) ? result.fill(0xff, at, Math.min(at + 4, result.length)) : result;
}

function decodedOrRefused(codec: Codec, bytes: Buffer): undefined | Value {
  try {
    return codec.decode(bytes);
  } catch (error) {
    expect(error).to.be.an.instanceOf(UndecodableError);
    expect((error as UndecodableError).offset).to.be.within(0, bytes.length);
    expect((error as UndecodableError).message).not.to.match(/[\n\r]/);
    return undefined;
  }
}

/** Nested serialize() calls share the numbering of the outer one, in this format only. */
function isNested(bytes: Buffer): boolean {
  return bytes.includes('C:6:"Nested"');
}

function refers(value: Value): boolean {
  return /[Rr]:\d/.test(serialize(value).toString('latin1'));
}

function isCustom(value: Value): boolean {
  return serialize(value).includes('C:6:"Legacy"');
}

/** msgpack skips a property that is not public and has no name. */
function isNameless(value: Value): boolean {
  return /\0";/.test(serialize(value).toString('latin1'));
}

/** There are many NaNs, but serialize() knows only one. */
function withoutNan(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('hex').replaceAll(/cb[7f]ff[0-9a-f]{13}/g, 'cb7ff8000000000000'), 'hex');
}

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'));
}
