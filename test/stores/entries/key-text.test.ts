import { expect } from 'chai';

import { isUtf8Key, keyByteLength, keyFromBytes, keyToBytes } from '../../../src/stores/entries/key-text.js';
import { parseKey, parsePattern, printable, printKey, printNames } from '../../../src/stores/entries/printed-key.js';
import { globMatcher } from '../../../src/stores/listing/glob.js';
import { Random } from '../../fuzz/random.js';

/** Parts of keys, in proportions that find faults: UTF-8, fragments of it, and parts of the printed form. */
const PARTS = [
  'a',
  'x',
  'ff',
  '\\',
  String.raw`\x`,
  String.raw`\xe9`,
  String.raw`\\`,
  '\n',
  '\u001B',
  '\u009B',
  '\u202E',
  'é',
  '€',
  '🐎',
  '\uFFFD',
  '*',
  '[',
].map((part) => Buffer.from(part));

function someKey(random: Random): Buffer {
  const parts = Array.from({ length: 1 + random.below(8) }, () => {
    const part = random.oneOf(PARTS);
    if (random.chance(0.3)) return random.bytes(1);
    return random.chance(0.2) ? part.subarray(0, random.below(part.length + 1)) : part;
  });
  return Buffer.concat(parts);
}

describe('keys as strings', () => {
  it('keep every byte', () => {
    const random = new Random(7);
    for (let turn = 0; turn < 20_000; turn++) {
      const bytes = someKey(random);
      const key = keyFromBytes(bytes);
      expect(keyToBytes(key).equals(bytes), bytes.toString('hex')).to.be.true;
      expect(keyByteLength(key)).to.equal(bytes.length);
    }
  });

  it('are the text if it is UTF-8, and can be told apart otherwise', () => {
    expect(keyFromBytes(Buffer.from('žluť🐎\uFFFD'))).to.equal('žluť🐎\uFFFD');
    expect(keyFromBytes(Buffer.from('caf\u00E9', 'latin1'))).to.equal('caf\uDCE9');
    // Surrogates, overlong forms and code points beyond Unicode are not UTF-8.
    expect(keyFromBytes(Buffer.from('eda080', 'hex'))).to.equal('\uDCED\uDCA0\uDC80');
    expect(keyFromBytes(Buffer.from('c0af', 'hex'))).to.equal('\uDCC0\uDCAF');
    expect(keyFromBytes(Buffer.from('f4908080', 'hex'))).to.equal('\uDCF4\uDC90\uDC80\uDC80');
    expect(isUtf8Key('žluť🐎')).to.be.true;
    expect(isUtf8Key('caf\uDCE9')).to.be.false;
    expect(keyToBytes('\uD83D').toString('hex')).to.equal('efbfbd');
  });
});

describe('the printed form of a key', () => {
  it('always reads back as the same key', () => {
    const random = new Random(8);
    for (let turn = 0; turn < 20_000; turn++) {
      const key = keyFromBytes(someKey(random));
      const printed = printKey(key);
      expect(parseKey(printed), JSON.stringify(printed)).to.equal(key);
      expect(printed).to.match(/^[^\p{Cc}\p{Cs}\uFFFD]*$/u);
    }
  });

  it('is the key itself wherever possible', () => {
    for (const key of ['users:1', 'žluť', String.raw`App\Models\User`, String.raw`a\xFF`, '%_[*]"\'', 'a b']) {
      expect(printKey(key)).to.equal(key);
    }

    expect(printKey('caf\uDCE9')).to.equal(String.raw`caf\xe9`);
    expect(printKey('a\nb')).to.equal(String.raw`a\x0ab`);
    expect(printKey('a\u009B')).to.equal(String.raw`a\xc2\x9b`);
    expect(printKey(String.raw`a\xe9`)).to.equal(String.raw`a\\xe9`);
    expect(printKey('App\\Foo\uDCE9')).to.equal(String.raw`App\\Foo\xe9`);
    expect(printNames(['a', 't\uDCE9'])).to.equal(String.raw`a,t\xe9`);
    expect(printable('"caf\uDCE9\u001B[2J\\" is\n\tnone')).to.equal('"caf\\xe9\\x1b[2J\\" is\n\tnone');
  });

  it('joins bytes to characters', () => {
    expect(parseKey(String.raw`caf\xc3\xa9`)).to.equal('café');
    expect(parseKey(String.raw`a\x2cb`)).to.equal('a,b');
    expect(parseKey(String.raw`App\Foo`)).to.equal(String.raw`App\Foo`);
    expect(parseKey(String.raw`App\Foo\xe9`)).to.equal('App\\Foo\uDCE9');
  });

  it('is a pattern that matches only that key, unless it has wildcards', () => {
    const random = new Random(9);
    for (let turn = 0; turn < 5000; turn++) {
      const key = keyFromBytes(someKey(random));
      const printed = printKey(key);
      if (printed === key || /[*?[]/.test(printed)) continue;
      expect(globMatcher(parsePattern(printed))(key), JSON.stringify(printed)).to.be.true;
    }

    expect(parsePattern(String.raw`a\x2ab`)).to.equal(String.raw`a\*b`);
    expect(parsePattern(String.raw`a\*\xe9*`)).to.equal('a\\*\uDCE9*');
    expect(parsePattern(String.raw`a\*`)).to.equal(String.raw`a\*`);
  });
});
