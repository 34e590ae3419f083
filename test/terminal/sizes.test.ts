import { expect } from 'chai';

import { UsageError } from '../../src/errors.js';
import { parseSize } from '../../src/terminal/sizes.js';

describe('sizes', () => {
  const read: ReadonlyArray<readonly [string, number]> = [
    ['0', 0],
    ['512', 512],
    ['512B', 512],
    ['100kB', 100_000],
    ['100KB', 100_000],
    ['1MiB', 1_048_576],
    ['1.5 MB', 1_500_000],
    ['2gib', 2_147_483_648],
  ];
  for (const [text, bytes] of read) {
    it(`reads ${text}`, () => {
      expect(parseSize(text)).to.equal(bytes);
    });
  }

  for (const text of ['', 'kB', '-1', '1TB', '1e6', '100 k', '1,5MB', ' 1', '100constructor']) {
    it(`refuses "${text}"`, () => {
      expect(() => parseSize(text)).to.throw(UsageError);
    });
  }
});
