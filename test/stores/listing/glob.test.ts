import { expect } from 'chai';

import { escapeGlob, globMatcher, isHeadOnly, literalHead } from '../../../src/stores/listing/glob.js';

/** [pattern, what it matches, what it does not]; as Redis's KEYS answers. */
const CASES: ReadonlyArray<readonly [string, readonly string[], readonly string[]]> = [
  ['user:*', ['user:', 'user:1', 'user:a\nb'], ['User:1', 'xuser:1', 'user']],
  ['*', ['', 'anything', 'two\nlines'], []],
  ['*:name', [':name', 'a:b:name'], ['a:names']],
  ['a**b', ['ab', 'axyb'], ['a', 'abc']],
  ['h?llo', ['hello', 'h\nllo'], ['hllo', 'heello']],
  ['h[ae]llo', ['hello', 'hallo'], ['hillo', 'haello', 'hllo']],
  ['h[^e]llo', ['hallo', 'h^llo'], ['hello', 'hllo']],
  ['h[a-c]llo', ['hallo', 'hcllo'], ['hdllo', 'h-llo']],
  ['h[c-a]llo', ['hbllo'], ['hdllo']],
  ['[^a-c]', ['d', '-'], ['b', '']],
  ['[a-]b', ['_'], ['a-b', '-b']],
  [String.raw`[\a-z]`, ['a', '-', 'z'], ['b', '\\']],
  [String.raw`[\]\\]`, [']', '\\'], ['[']],
  ['[abc', ['a', 'c'], ['[abc', '']],
  ['[]a', [], ['a', '[]a', ']a']],
  ['[^]a', ['xa', ']a'], ['a']],
  [String.raw`a\*b`, ['a*b'], ['axb', String.raw`a\*b`]],
  [String.raw`a\?`, ['a?'], ['ab']],
  ['a\\', ['a\\'], ['a']],
  ['a.b+(c)|{d}^$/', ['a.b+(c)|{d}^$/'], ['axb+(c)|{d}^$/']],
  ['žlu*', ['žluťoučký'], ['zlu']],
  ['[～-😀]', ['😀', '～', '\u{1F4A9}'], ['a', '\u{1F680}', '']],
  ['[😀-～]b', ['😀b'], ['\u{1F680}b', 'b']],
  ['a?c*e?g', ['abcdefg', 'a😀cxe😀g', 'aXceXg'], ['aceg', 'abcdef', 'abceg']],
  ['*😀', ['😀', 'a😀'], ['\uDE00', '😀a']],
  ['*ab*ab', ['abab', 'xabyab'], ['ab', 'aba']],
  ['', [''], ['a']],
];

describe('globs', () => {
  for (const [pattern, matching, others] of CASES) {
    it(`matches ${JSON.stringify(pattern)} like Redis`, () => {
      const matches = globMatcher(pattern);
      expect(matching.filter((text) => !matches(text))).to.deep.equal([]);
      expect(others.filter((text) => matches(text))).to.deep.equal([]);
    });
  }

  it('matches one character with a question mark, where Redis matches one byte', () => {
    expect(globMatcher('h?llo')('h🐎llo')).to.be.true;
  });

  it('treats an invalid byte as a character, but no part of a valid one', () => {
    expect(globMatcher('caf?')('caf\uDCE9')).to.be.true;
    expect(globMatcher('[\uDC80-\uDCFF]')('\uDCE9')).to.be.true;
    // The second half of this horse is the unit U+DC0E; of this folder U+DC81, which stands for a byte elsewhere.
    expect(globMatcher('*\uDC81')('\u{1F481}')).to.be.false;
    expect(globMatcher('?\uDC81*')('\u{1F481}')).to.be.false;
    expect(globMatcher('*\uDC81*')('a\uDC81b')).to.be.true;
    expect(isHeadOnly('users:*')).to.be.true;
    expect(isHeadOnly('caf\uDCE9*')).to.be.false;
  });

  it('takes no exponential time for many stars', () => {
    const matches = globMatcher(`${'*a'.repeat(40)}*b`);
    expect(matches('a'.repeat(5000))).to.be.false;
    expect(globMatcher(`${'*?'.repeat(40)}*b`)('a'.repeat(5000))).to.be.false;
  });

  it('matches an escaped text only with itself', () => {
    const text = String.raw`a*b?c[d]e\f^g-h`;
    expect(globMatcher(escapeGlob(text))(text)).to.be.true;
    expect(globMatcher(escapeGlob('a*b'))('axb')).to.be.false;
  });

  it('has a literal head up to the first wildcard, unescaped', () => {
    expect(literalHead('user:*')).to.equal('user:');
    expect(literalHead('a?b')).to.equal('a');
    expect(literalHead('x[ab]')).to.equal('x');
    expect(literalHead(String.raw`a\*b*`)).to.equal('a*b');
    expect(literalHead('plain\nkey')).to.equal('plain\nkey');
    expect(literalHead('a\\')).to.equal('a');
    expect(literalHead('*')).to.equal('');
  });
});
