import { expect } from 'chai';

import { onEveryStore } from '../support/places.js';
import { onTerminal } from '../support/terminal.js';

/** Sets a title, sends CSI as one character, reverses the text, ends the line. */
const HOSTILE = 'k\u001B]0;EVIL\u0007\u009B31m\u202E\u2028\u200F\u007F';

/** What a terminal obeys, apart from tabs and line ends. */
const OBEYED = /[^\P{Cc}\n\r\t]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** Colours, and the moves of the cursor that a live display makes. */
const OURS = new RegExp(
  String.raw`${String.fromCodePoint(0x1b)}\[(?:\d*(?:;\d+)*m|\d*[ABCDGJK]|\?25[hl]|\?2004[hl])`,
  'g',
);

function expectHarmless(shown: string, of: string): void {
  const rest = shown.replaceAll(OURS, '');
  const found = OBEYED.exec(rest);
  if (found === null) return;
  expect.fail(`${of} prints ${JSON.stringify(rest.slice(Math.max(0, found.index - 30), found.index + 10))}`);
}

describe('text that a terminal would obey', () => {
  onEveryStore((place, driver) => {
    const missing = `${HOSTILE}none`;
    const few = [['get', HOSTILE], ['get', missing], ['keys', '--long'], ['tags:list'], ['lock:list']];
    const more = [
      ['get', HOSTILE, missing],
      ['inspect', HOSTILE],
      ['forget', missing],
      ['touch', missing, '--ttl', '1m'],
      ['add', HOSTILE, 'x'],
      ['keys'],
      ['tags:show', HOSTILE],
      ['lock:show', HOSTILE],
      ['lock:acquire', HOSTILE],
      ['lock:release', HOSTILE, '--owner', missing],
      ['stats'],
    ];

    beforeEach(async () => {
      // A key with white space or controls is no key of Memcached.
      const key = driver === 'memcached' ? 'k' : HOSTILE;
      expect((await place.run(['put', key, HOSTILE, '--tags', 'plain'])).code).to.equal(0);
      await place.run(['put', `${key}:2`, '-', '--as', 'json'], { input: JSON.stringify([HOSTILE]) });
      await place.run(['put', `${key}:3`, 'x', '--tags', HOSTILE]);
      await place.run(['lock:acquire', key, '--owner', HOSTILE, '--ttl', '10m']);
    });

    it('is escaped by every command', async () => {
      for (const args of driver === 'redis' ? [...few, ...more] : few) {
        const { coloured } = await onTerminal([...args, '--url', place.url()], {});
        expectHarmless(coloured, args[0]!);
        const { out } = await place.run([...args, '--json']);
        expectHarmless(out, `${args[0]!} --json`);
      }
    });
  });
});
