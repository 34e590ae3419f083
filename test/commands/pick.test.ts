import { expect } from 'chai';

import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { type SaslMemcached, startSaslMemcached } from '../support/memcached-sasl.js';
import { onTwoStores, type Place, redisPlace, sqlitePlace } from '../support/places.js';
import { requireProgram } from '../support/requirements.js';
import { scratchFolder } from '../support/scratch.js';
import { onTerminal, type Shown, type Typing } from '../support/terminal.js';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

const NO_KEY = 'missing argument KEY';
const NO_NAME = 'missing argument NAME';

describe('without a key at a terminal', () => {
  const home = scratchFolder('pick');
  const at = async (place: Place, args: readonly string[], ...typings: readonly Typing[]): Promise<Shown> =>
    onTerminal(args, { HOME: home, CACHECTL_URL: place.url() }, ...typings);

  before(function () {
    requireProgram(this, 'script');
  });

  onTwoStores((place) => {
    it('get offers the keys, searches as you type, and prints the chosen one', async () => {
      await place.run(['put', 'users:1', 'Ann']);
      await place.run(['put', 'users:2', 'Bob', '--ttl', '10m']);
      await place.run(['put', 'orders:1', 'a book']);
      const typings = [
        { prompt: /Which key to get\?[^]*(users|orders):1/, keys: 'ers:2' },
        // Wait until the others are gone: it may be the first of all, too.
        { prompt: /ers:2(?![^]*:1)[^]*❯ users:2/, keys: '\r' },
      ];
      const { code, screen } = await at(place, ['get'], ...typings);
      expect(code).to.equal(0);
      expect(screen.trimEnd()).to.match(/Bob$/);
    });

    it('lock:release offers held locks, and shows the holder before it breaks one', async () => {
      await place.run(['lock:acquire', 'deploy', '--ttl', '10m']);
      await place.run(['put', 'entry', 'v']);
      const chosen = { prompt: /Which lock to release\?[^]*❯ deploy {2}held by .*, process \d+/, keys: '\r' };
      const { code, screen } = await at(place, ['lock:release'], chosen, { prompt: 'Go ahead?', keys: 'y\r' });
      expect(screen).to.include('breaks a lock: deploy is held by');
      expect(code).to.equal(0);
      expect((await place.run(['lock:show', 'deploy'])).code).to.equal(1);
    });
  });

  describe('on one of the stores', () => {
    const place = sqlitePlace();

    it('forget asks after the choice, and accepts a no', async () => {
      await place.run(['put', 'users:1', 'Ann']);
      const chosen = { prompt: /Which key to forget\?[^]*❯ users:1/, keys: '\r' };
      const declined = await at(place, ['forget'], chosen, { prompt: 'Go ahead?', keys: '\r' });
      expect(declined.code).to.equal(1);
      expect(declined.screen).to.include('removes users:1');
      expect((await place.run(['get', 'users:1'])).out).to.equal('Ann\n');
      const agreed = await at(place, ['forget'], chosen, { prompt: 'Go ahead?', keys: 'y\r' });
      expect(agreed.code).to.equal(0);
      expect((await place.run(['get', 'users:1'])).code).to.equal(1);
    });

    it('pull, touch and lock:show offer theirs, and lock:refresh those of the owner', async () => {
      await place.run(['put', 'token', 'secret']);
      const touched = await at(place, ['touch', '--ttl', '1h'], {
        prompt: /Which key to touch\?[^]*❯ token/,
        keys: '\r',
      });
      expect(touched.code).to.equal(0);
      const inspected = await at(place, ['inspect'], { prompt: /Which key to inspect\?[^]*❯ token/, keys: '\r' });
      expect(inspected.code).to.equal(0);
      expect(inspected.screen).to.include('secret');
      const pulled = { prompt: /Which key to pull\?[^]*❯ token/, keys: '\r' };
      expect((await at(place, ['pull'], pulled, { prompt: 'Go ahead?', keys: 'y\r' })).screen).to.include('secret');
      await place.run(['lock:acquire', 'theirs', '--ttl', '10m', '--owner', 'them']);
      await place.run(['lock:acquire', 'ours', '--ttl', '10m', '--owner', 'us']);
      const shown = await at(
        place,
        ['lock:show'],
        { prompt: /to show\?[^]*❯ ours[^]*theirs/, keys: '\u001B[B' },
        { prompt: '❯ theirs', keys: '\r' },
      );
      expect(shown.screen).to.match(/held by +them/);
      const refreshed = await at(place, ['lock:refresh', '--owner', 'us', '--ttl', '1h'], {
        prompt: '❯ ours',
        keys: '\r',
      });
      expect(refreshed.code).to.equal(0);
      expect(refreshed.screen).not.to.include('theirs');
    });

    it('offers the exact key first, however many begin like it', async () => {
      const lines = Array.from({ length: 3000 }, (_, number) => `{"key":"n:${number}","value":"value ${number}"}`);
      await place.run(['put', '--from', '-'], { input: lines.join('\n') });
      const { screen } = await at(
        place,
        ['get'],
        { prompt: /Which key[^]*❯ n:/, keys: 'n:2' },
        { prompt: /❯ n:2\r?\n/, keys: '\r' },
      );
      expect(screen.trimEnd()).to.match(/value 2$/);
    });

    it('offers a limited number, and finds the others', async () => {
      const lines = Array.from({ length: 3000 }, (_, number) => `{"key":"n:${number}","value":${number}}`);
      await place.run(['put', '--from', '-'], { input: lines.join('\n') });
      const { screen } = await at(
        place,
        ['get'],
        { prompt: /Which key[^]*❯ n:/, keys: 'n:2999' },
        { prompt: /n:2999[^]*❯ n:2999/, keys: '\r' },
      );
      expect(screen.trimEnd()).to.match(/2999$/);
    });

    it('shows control characters in keys escaped', async () => {
      await place.run(['put', 'evil\u001B]0;title\u0007\nkey', 'v']);
      const { code, coloured, screen } = await at(place, ['get'], { prompt: /❯ evil/, keys: '\r' });
      expect(code).to.equal(0);
      expect(screen).to.include(String.raw`evil\x1b]0;title\x07\x0akey`);
      expect(coloured).not.to.include('\u001B]0;title');
    });

    for (const [name, keys] of [
      ['Ctrl-C', CTRL_C],
      ['Ctrl-D', CTRL_D],
    ] as const) {
      it(`changes nothing on ${name}, and exits 130`, async () => {
        await place.run(['put', 'users:1', 'Ann']);
        const { code, screen } = await at(place, ['forget'], { prompt: '❯ users:1', keys });
        expect(code).to.equal(130);
        expect(screen).to.include('nothing was changed');
        expect((await place.run(['get', 'users:1'])).code).to.equal(0);
      });
    }

    it('says if there is nothing to choose from', async () => {
      expect(await at(place, ['get']))
        .to.have.property('screen')
        .that.includes('none begins with shop-cache-');
      expect((await at(place, ['lock:release'])).screen).to.include('no recognizable lock is held');
      await place.run(['put', 'a', 'v']);
      const { code, screen } = await at(place, ['get', '--tags', 'people']);
      expect(code).to.equal(2);
      expect(screen).to.include('Keys within tags cannot be listed');
    });

    it('does not ask if the output is for a program', async () => {
      await place.run(['put', 'a', 'v']);
      const { code, screen } = await at(place, ['get', '--json']);
      expect(code).to.equal(2);
      expect(JSON.parse(screen)).to.have.nested.property('error.message').that.includes(NO_KEY);
    });
  });

  describe('on a store with locks among the entries', () => {
    const place = redisPlace();

    it('offers the lock of exactly the typed name first, however many begin like it', async () => {
      const head = 'laravel_unique_job:';
      const lines = Array.from({ length: 3000 }, (_, number) => `{"key":"${head}${number}","value":"owner ${number}"}`);
      await place.run(['put', '--from', '-', '--ttl', '10m'], { input: lines.join('\n') });
      const { screen } = await at(
        place,
        ['lock:show'],
        { prompt: /Which lock[^]*❯ laravel_unique_job:/, keys: `${head}2` },
        { prompt: /❯ laravel_unique_job:2 /, keys: '\r' },
      );
      expect(screen).to.match(/Type to search: laravel_unique_job:2\r?\nlaravel_unique_job:2\r?\n +held by/);
    });
  });

  describe('on a store that cannot list', () => {
    let server: SaslMemcached;

    before(async function () {
      server = await startSaslMemcached(this);
    });

    after(async () => server?.stop());

    it('says why it offers nothing', async () => {
      const login = `${encodeURIComponent(server.username)}:${encodeURIComponent(server.password)}`;
      const env = { HOME: home, CACHECTL_URL: `memcached://${login}@127.0.0.1:${server.port}` };
      const { code, screen } = await onTerminal(['get'], env);
      expect(code).to.equal(2);
      expect(screen).to.match(/Name the key: .* behind SASL/);
      expect((await onTerminal(['lock:show'], env)).screen).to.include('cannot list locks behind SASL');
    });
  });
});

describe('without a key and without a terminal', () => {
  const lacks: ReadonlyArray<readonly [args: string[], message: string]> = [
    [['get'], NO_KEY],
    [['forget'], NO_KEY],
    [['inspect'], NO_KEY],
    [['forget', '--yes'], NO_KEY],
    [['pull'], NO_KEY],
    [['touch', '--ttl', '1h'], NO_KEY],
    [['lock:show'], NO_NAME],
    [['lock:refresh', '--owner', 'me', '--ttl', '1h'], NO_NAME],
    [['lock:release'], 'missing argument NAME'],
  ];
  for (const [args, message] of lacks) {
    it(`${args.join(' ')} requires it, and does not connect`, async () => {
      expectFault(await cachectl([...args, '--url', 'redis://127.0.0.1:1']), { code: 2, message });
    });
  }
});
