import { expect } from 'chai';

import { cachectl, type Result } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { sqlitePlace } from '../support/places.js';

/** A shell passes the byte, which Node could not: it replaces each `@` of an argument by 0xE9. */
const WITH_BYTES = [
  'bash',
  '-c',
  String.raw`for word; do words+=("${'${word//@/'}$'\xe9'}"); done; exec "${'${words[@]}'}"`,
  'bash',
];

describe('arguments that are not UTF-8', () => {
  const place = sqlitePlace();
  const run = async (...args: string[]): Promise<Result> =>
    cachectl([...args, '--url', place.url()], { through: WITH_BYTES });

  for (const args of [
    ['get', 'caf@'],
    ['get', 'k', '--tags', 'caf@'],
    ['put', 'caf@', 'v'],
    ['put', 'k', 'caf@'],
    ['rename', 'k', 'caf@'],
    ['keys', 'caf@*'],
    ['flush', '--pattern', 'caf@*', '--yes'],
    ['tags:flush', 'caf@', '--yes'],
    ['tags:show', 'caf@'],
    ['tags:list', 'caf@*'],
    ['lock:acquire', 'caf@'],
    ['lock:acquire', 'deploy', '--owner', 'caf@'],
    ['lock:release', 'deploy', '--owner', 'caf@'],
    ['lock:list', 'caf@*'],
    ['events:tail', '--pattern', 'caf@*'],
    ['events:tail', '--tag', 'caf@'],
  ]) {
    it(`are refused: ${args.join(' ').replace('@', String.raw`\xe9`)}`, async () => {
      expectFault(await run(...args), {
        code: 2,
        message: 'U+FFFD, which replaces bytes that are not UTF-8',
        hint: '',
      });
    });
  }

  it('are refused in a URL, which would have another prefix', async () => {
    const [url] = place.url().split('?');
    const result = await cachectl(['put', 'k', 'v', '--url', `${url}?prefix=caf@-`], { through: WITH_BYTES });
    expectFault(result, { code: 2, message: 'U+FFFD, which replaces bytes', hint: '%EF%BF%BD' });
    expect((await cachectl(['put', 'k', 'v', '--url', `${url}?prefix=caf%EF%BF%BD-`])).code).to.equal(0);
    expect((await cachectl(['keys', '--url', url!])).out).to.equal(String.raw`caf\xef\xbf\xbd-k` + '\n');
  });

  for (const args of [
    ['lock:run', 'deploy'],
    ['remember', 'k', '--ttl', '1m'],
  ]) {
    it(`are refused in the command of ${args[0]}, which would get others`, async () => {
      const words = [...args, '--url', place.url(), '--', 'echo', 'caf@'];
      expectFault(await cachectl(words, { through: WITH_BYTES }), {
        code: 2,
        message: 'the command contains U+FFFD',
        hint: 'script',
      });
    });
  }
});
