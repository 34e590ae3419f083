import { expect } from 'chai';

import { escapeGlob, globMatcher, literalHead } from '../../src/stores/glob.js';

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
  ['', [''], ['a']],
];

describe('globs', () => {
  for (const [pattern, matching, others] of CASES) {
    it(`${JSON.stringify(pattern)} matches what Redis matches`, () => {
      const matches = globMatcher(pattern);
      expect(matching.filter((text) => !matches(text))).to.deep.equal([]);
      expect(others.filter((text) => matches(text))).to.deep.equal([]);
    });
  }

  it('a question mark is one character, where Redis takes one byte', () => {
    expect(globMatcher('h?llo')('h🐎llo')).to.be.true;
  });

  it('an escaped text matches itself and nothing else', () => {
    const text = String.raw`a*b?c[d]e\f^g-h`;
    expect(globMatcher(escapeGlob(text))(text)).to.be.true;
    expect(globMatcher(escapeGlob('a*b'))('axb')).to.be.false;
  });

  it('the literal head is all that stands before the first wildcard, unescaped', () => {
    expect(literalHead('user:*')).to.equal('user:');
    expect(literalHead('a?b')).to.equal('a');
    expect(literalHead('x[ab]')).to.equal('x');
    expect(literalHead(String.raw`a\*b*`)).to.equal('a*b');
    expect(literalHead('plain\nkey')).to.equal('plain\nkey');
    expect(literalHead('a\\')).to.equal('a');
    expect(literalHead('*')).to.equal('');
  });
});
