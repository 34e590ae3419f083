import { expect } from 'chai';

import { formatDuration, parseDuration } from '../../src/cli/durations.js';
import { UsageError } from '../../src/errors.js';

describe('durations', () => {
  for (const [text, seconds] of [
    ['90s', 90],
    ['10m', 600],
    ['1h30m', 5400],
    ['2d', 172_800],
    ['1w', 604_800],
    ['60', 60],
    ['0', 0],
  ] as const) {
    it(`reads ${text} as ${seconds} seconds`, () => expect(parseDuration(text)).to.equal(seconds));
  }

  for (const text of ['', 'soon', '10 m', '-5', '1.5h', '10x', 'm', '1h30', '1e3', '99999999999', '11w9999d']) {
    it(`refuses "${text}"`, () => expect(() => parseDuration(text)).to.throw(UsageError));
  }

  for (const [seconds, text] of [
    [0, '0s'],
    [41, '41s'],
    [5400, '1h 30m'],
    [90_061, '1d 1h'],
  ] as const) {
    it(`writes ${seconds} seconds as ${text}`, () => expect(formatDuration(seconds)).to.equal(text));
  }
});
