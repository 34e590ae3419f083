import { expect } from 'chai';
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { startSilentServer } from '../support/fault-proxy.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { requireProgram } from '../support/requirements.js';
import { scratchFolder } from '../support/scratch.js';
import { type ShellSession, startShell } from '../support/shell-session.js';

/** A store on a busy machine may need longer than a person waits. */
const PATIENT = { CACHECTL_COMPLETION_MS: '60000' };

/** Bash and zsh replace `!-1` by the line before. */
const HISTORY = 'hist!-1!';
const CODE = 'tick`id`;id&id|id>f<f~{a,b}#';

/** By the typed text, with its Tabs: the arguments of the completed line. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  'cachectl lock ru\t': ['lock', 'run'],
  'cachectl lock:ru\t': ['lock:run'],
  'cachectl comp\t zs\t': ['completion', 'zsh'],
  'cachectl keys --tr\t': ['keys', '--tree'],
  'cachectl keys --sort si\t': ['keys', '--sort', 'size'],
  'cachectl keys --sort=si\t': ['keys', '--sort=size'],
  'cachectl get --profile sta\t': ['get', '--profile', 'staging'],
  'cachectl -p sta\t get users:\t7': ['-p', 'staging', 'get', 'users:7'],
  'cachectl get users:\t1': ['get', 'users:1'],
  'cachectl get users:1 a\t': ['get', 'users:1', 'a b'],
  "cachectl get 'a\t": ['get', 'a b'],
  'cachectl get it\t': ['get', "it's"],
  'cachectl get "it\t': ['get', "it's"],
  'cachectl get dol\t': ['get', 'dol$(lar)'],
  'cachectl get "dol\t': ['get', 'dol$(lar)'],
  'cachectl get his\t': ['get', HISTORY],
  'cachectl get tic\t': ['get', CODE],
  'cachectl get "tic\t': ['get', CODE],
  'cachectl get gl\t': ['get', 'glob*?[x]'],
  'cachectl get caf\t': ['get', 'café'],
  'cachectl get page\t12': ['get', 'pages:12'],
  'cachectl tags:flush peo\t': ['tags:flush', 'people'],
  'cachectl get John --tags people,art\t': ['get', 'John', '--tags', 'people,artists'],
  'cachectl lock show dep\t': ['lock', 'show', 'deploy'],
  'cachectl import dump\t': ['import', 'dump.ndjson'],
  'cachectl import --config=dump\t': ['import', '--config=dump.ndjson'],
  'cachectl lock:run x -- cachec\t': ['lock:run', 'x', '--', 'cachectl'],
};

describe('completion', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    describe(`in ${shell}`, () => {
      let session: ShellSession;

      before(async function () {
        requireProgram(this, 'script');
        requireProgram(this, shell);
        const folder = scratchFolder(`completion-${shell}`);
        writeFileSync(
          path.join(folder, 'cachectl.yaml'),
          'default: shop\nprofiles:\n  shop: { driver: sqlite, path: s.sqlite }\n  staging: { driver: sqlite, path: s.sqlite }\n',
        );
        writeFileSync(path.join(folder, 'dump.ndjson'), '');
        const names = ['users:1', 'users:2', 'a b', "it's", 'dol$(lar)', 'glob*?[x]', 'café', HISTORY, CODE];
        const pages = Array.from({ length: 200 }, (_, index) => `pages:${index}`);
        const input = JSON.stringify(Object.fromEntries([...names, ...pages].map((name) => [name, 1])));
        await cachectl(['put', '--from', '-'], { cwd: folder, input });
        await cachectl(['put', 'John', 'hello', '--tags', 'people,artists'], { cwd: folder });
        await cachectl(['lock:acquire', 'deploy', '--ttl', '1h'], { cwd: folder });
        session = await startShell(shell, folder, PATIENT);
      });

      after(async () => session?.end());

      for (const [typed, words] of Object.entries(LINES)) {
        it(`${typed.replaceAll('\t', '<Tab>')} is ${words.join(' ')}`, async () => {
          expect(await session.completed(typed)).to.deep.equal(words);
        });
      }
    });
  }

  describe('of a word', () => {
    let folder: string;

    const complete = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const { code, out, err } = await cachectl(['__complete', 'zsh', ...words], {
        cwd: folder,
        env: { HOME: folder, ...PATIENT, ...env },
      });
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      return out.trimEnd().split('\n');
    };

    beforeEach(() => {
      folder = scratchFolder('completion');
    });

    it('offers what a command takes, with summaries', async () => {
      expect(await complete(['lock:sh'])).to.deep.equal([
        'values',
        'lock:show\tShow the holder and the waiters of a lock.',
      ]);
      expect(await complete(['help', 'tags', 'fl'])).to.have.length(2);
      expect(await complete(['remember', 'x', '--ttl', '1m', 'ec'])).to.deep.equal(['program 4']);
      expect(await complete(['put', '--file', ''])).to.deep.equal(['files']);
    });

    it('leaves out flags that are given or excluded', async () => {
      const flags = await complete(['keys', '--count', '--']);
      expect(flags.map((line) => line.split('\t')[0]))
        .to.include('--separator')
        .and.not.include.members(['--count']);
      expect(flags.join('\n')).not.to.match(/^--(?:count|limit|tree)\t/m);
    });

    it('is silent without a store, with a broken profile, and with a server that does not answer', async () => {
      const nothing = ['values'];
      expect(await complete(['get', 'a', '--url', 'redis://127.0.0.1:1', ''])).to.deep.equal(nothing);
      expect(await complete(['get', '--url', 'nonsense://x', 'k'])).to.deep.equal(['']);
      writeFileSync(path.join(folder, 'cachectl.yaml'), 'profiles: [');
      expect(await complete(['get', 'k'])).to.deep.equal(['']);
      expect(await complete(['get', '--profile', 'k'])).to.deep.equal(['']);
      const silent = await startSilentServer();
      try {
        const url = `redis://127.0.0.1:${silent.port}`;
        expect(await complete(['get', '--url', url, 'k'], { CACHECTL_COMPLETION_MS: '' })).to.deep.equal(nothing);
      } finally {
        await silent.stop();
      }
    });

    it('has the keys of a Laravel application', async () => {
      const file = path.join(folder, 's.sqlite');
      const env = ['CACHE_STORE=database', 'CACHE_PREFIX=shop-', 'DB_CONNECTION=sqlite', `DB_DATABASE="${file}"`];
      writeFileSync(path.join(folder, '.env'), env.join('\n'));
      await cachectl(['put', 'users:1', 'Ann', '--url', `sqlite://${file}?prefix=shop-`]);
      for (const words of [
        ['get', '--laravel', '.', 'u'],
        ['--laravel', '.', 'get', 'u'],
      ]) {
        expect(await complete(words)).to.deep.equal(['values', 'users:1']);
      }
    });

    it('creates no database', async () => {
      await complete(['get', '--url', `sqlite://${folder}/none.sqlite`, 'k']);
      expect(existsSync(path.join(folder, 'none.sqlite'))).to.equal(false);
    });

    it('keeps an answer for a moment, for the user alone', async () => {
      const url = `sqlite://${folder}/c.sqlite`;
      const cache = path.join(folder, '.cache', 'cachectl', 'completion');
      await cachectl(['put', 'one', '1', '--url', url]);
      expect(await complete(['get', '--url', url, 'o'])).to.deep.equal(['values', 'one']);
      const [file = ''] = readdirSync(cache);
      expect(statSync(path.join(cache, file)).mode & 0o777).to.equal(0o600);
      expect(statSync(cache).mode & 0o777).to.equal(0o700);
      await cachectl(['put', 'other', '1', '--url', url]);
      utimesSync(path.join(cache, file), 0, 0);
      expect(await complete(['get', '--url', url, 'o'])).to.deep.equal(['values', 'one', 'other']);
    });

    it('answers without a place for its cache', async () => {
      const url = `sqlite://${folder}/c.sqlite`;
      await cachectl(['put', 'one', '1', '--url', url]);
      mkdirSync(path.join(folder, '.cache'));
      writeFileSync(path.join(folder, '.cache', 'cachectl'), '');
      expect(await complete(['get', '--url', url, 'o'])).to.deep.equal(['values', 'one']);
    });
  });

  describe('of many keys', () => {
    let redis: RedisServer;

    before(async function () {
      redis = await startRedis(this);
      const sets = Array.from({ length: 30_000 }, (_, index) => ['set', `k:${index % 300}:${index}`, 'i:1;']);
      await redis.client.pipeline(sets).exec();
      await redis.client.set('solo', 'i:1;');
    });

    after(async () => redis?.stop());

    it('offers their next part, and the word itself where some are left out', async () => {
      const at = ['--url', `${redis.url}?prefix=`];
      const { out } = await cachectl(['__complete', 'zsh', 'get', ...at, 's'], { env: PATIENT });
      expect(out).to.equal('values\nsolo\n');
      const many = await cachectl(['__complete', 'zsh', 'get', ...at, 'k:'], { env: PATIENT });
      const lines = many.out.trimEnd().split('\n');
      expect(lines.slice(0, 2)).to.deep.equal(['values partial', 'k:\tthere are more; type on\tpartial']);
      expect(lines[2]).to.match(/^k:0:\t\d+ names\tpartial$/);
      expect(lines).to.have.length(102);
    });
  });
});
