import { expect } from 'chai';

import { UsageError } from '../../src/errors.js';
import {
  formatDuration,
  formatPreciseDuration,
  parseDuration,
  parsePreciseDuration,
} from '../../src/terminal/durations.js';

describe('durations', () => {
  for (const [text, seconds] of [
    ['90s', 90],
    ['10m', 600],
    ['1h30m', 5400],
    ['2d', 172_800],
    ['1w', 604_800],
    ['60', 60],
    ['0', 0],
    ['700ms', 0.7],
    ['1500ms', 1.5],
    ['1s500ms', 1.5],
    ['1.5h', 5400],
    ['0.25', 0.25],
  ] as const) {
    it(`reads ${text} as ${seconds} seconds`, () => expect(parsePreciseDuration(text)).to.equal(seconds));
  }

  for (const text of [
    '',
    'soon',
    '10 m',
    '-5',
    '1.5.5h',
    '0.1ms',
    '10x',
    'm',
    '1h30',
    '1e3',
    '99999999999',
    '11w9999d',
  ]) {
    it(`refuses "${text}"`, () => expect(() => parsePreciseDuration(text)).to.throw(UsageError));
  }

  for (const [seconds, text] of [
    [0, '0s'],
    [41, '41s'],
    [5400, '1h 30m'],
    [90_061, '1d 1h'],
  ] as const) {
    it(`writes ${seconds} seconds as ${text}`, () => expect(formatDuration(seconds)).to.equal(text));
  }

  for (const text of ['700ms', '1.5s', '0.25']) {
    it(`refuses ${text} for whole seconds`, () => {
      expect(() => parseDuration(text)).to.throw(UsageError, 'not a whole number of seconds');
    });
  }

  for (const [seconds, text] of [
    [0.7, '700ms'],
    [1.5, '1.5s'],
    [90, '1m 30s'],
  ] as const) {
    it(`writes ${seconds} seconds to the millisecond as ${text}`, () => {
      expect(formatPreciseDuration(seconds)).to.equal(text);
    });
  }
});
