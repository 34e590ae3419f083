import { expect } from 'chai';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, type Result } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { onTerminal } from '../support/terminal.js';

const FILE = `default: shop
profiles:
  shop:
    driver: redis
    url: \${SHOP_URL}
    prefix: shop-cache-
    locks: { database: 0 }
  token:
    driver: redis
    host: \${TOKEN_HOST:-10.1.1.1}
    passwordCommand: [touch, ran, hunter2]
  mongo: { driver: mongodb, url: "mongodb://u:hunter2@h/app?authSource=hunter2", protected: true }
  locked: { driver: redis, host: h, locks: "redis://:hunter2@other/0" }
`;
const WRONG = `  typo:
    driver: redis
    hst: x
  unset: { driver: redis, url: "\${NOT_SET}" }
`;
const env = { SHOP_URL: 'rediss://ann:hunter2@cache.internal:6380/1?connectionPrefix=shop-db-' };

describe('the profile commands', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-profile-'));
    writeFileSync(path.join(folder, 'cachectl.yaml'), FILE, { mode: 0o600 });
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const run = async (...args: string[]): Promise<Result> => {
    const result = await cachectl(args, { cwd: folder, env });
    expect(result.out + result.err).not.to.include('hunter2');
    return result;
  };

  const settings = async (...args: string[]): Promise<Record<string, [value: unknown, source: string]>> => {
    const { out } = await run('profile:show', ...args, '--json');
    const document = JSON.parse(out) as { settings: Array<{ key: string; value: unknown; source: string }> };
    return Object.fromEntries(document.settings.map(({ key, value, source }) => [key, [value, source]]));
  };

  describe('profile:list', () => {
    it('says where each store is, and which one is used', async () => {
      const { out, code } = await run('profile:list', '--json');
      const [shop, token, mongo] = JSON.parse(out) as [object, object, object];
      expect(code).to.equal(0);
      const location = 'redis cache.internal:6380, database 1, connection prefix shop-db-';
      expect(shop).to.include({
        name: 'shop',
        driver: 'redis',
        location,
        selectedBy: 'default',
        prefix: 'shop-cache-',
      });
      expect(token).to.include({ name: 'token', protected: false }).and.not.to.have.property('selectedBy');
      expect(mongo).to.include({ driver: 'mongodb', protected: true });
    });

    it('names CACHECTL_PROFILE if that selects', async () => {
      const { out } = await cachectl(['profile:list'], { cwd: folder, env: { ...env, CACHECTL_PROFILE: 'token' } });
      expect(out.split('\n').filter((line) => line.endsWith('\tCACHECTL_PROFILE'))).to.have.lengthOf(1);
    });

    it('lists a wrong profile with its error, and exits 0', async () => {
      writeFileSync(path.join(folder, 'cachectl.yaml'), FILE + WRONG);
      const { out, code } = await run('profile:list', '--json');
      expect(code).to.equal(0);
      expect(out).to.include(String.raw`cachectl.yaml:16: unknown key \"hst\"`);
    });

    it('is a table at a terminal', async () => {
      const { screen } = await onTerminal(['profile:list'], { HOME: folder });
      expect(screen)
        .to.match(/NAME +DRIVER +LOCATION/)
        .and.to.match(/local +sqlite/);
    });
  });

  describe('profile:show', () => {
    it('shows the source of each setting', async () => {
      expect(await settings()).to.deep.include({
        driver: ['redis', 'cachectl.yaml:4'],
        host: ['cache.internal', 'cachectl.yaml:5 (url, SHOP_URL)'],
        password: ['***', 'cachectl.yaml:5 (url, SHOP_URL)'],
        prefix: ['shop-cache-', 'cachectl.yaml:6'],
        'locks.database': [0, 'cachectl.yaml:7'],
        codec: ['php', 'default'],
      });
      expect(await settings('token')).to.deep.include({
        host: ['10.1.1.1', 'cachectl.yaml:10 (default of TOKEN_HOST)'],
        passwordCommand: ['touch ***', 'cachectl.yaml:11'],
      });
      expect(await settings('mongo')).to.not.have.property('url');
      expect(await settings('locked')).to.deep.include({ locks: ['redis://:***@other/0', 'cachectl.yaml:13'] });
    });

    it('shows URLs and Laravel applications too', async () => {
      expect(await settings('--url', 'redis://:hunter2@h/2')).to.deep.include({
        password: ['***', '--url'],
        database: [2, '--url'],
      });
      writeFileSync(path.join(folder, '.env'), 'CACHE_STORE=redis\nREDIS_HOST=r1\nREDIS_PASSWORD=hunter2\n');
      expect(await settings('--laravel', '.')).to.deep.include({
        host: ['r1', '.env:2 (REDIS_HOST)'],
        password: ['***', '.env:3 (REDIS_PASSWORD)'],
        prefix: ['laravel-cache-', 'APP_NAME, by the defaults of Laravel 13'],
        'locks.database': ['0', 'defaults of Laravel 13'],
      });
    });

    it('is a table at a terminal, headed by why it is this profile', async () => {
      const { screen } = await onTerminal(['profile:show'], { HOME: folder });
      expect(screen).to.match(/profile local \(built-in\):\s+\S*cache\.sqlite\s+KEY +VALUE +SOURCE/);
      expect(screen).to.match(/prefix +none +default/);
    });
  });

  describe('profile:check', () => {
    it('is content with a good file, and runs no command', async () => {
      const { out, code, err } = await run('profile:check');
      expect({ out, code, err }).to.deep.equal({
        out: 'shop\tok\ntoken\tok\nmongo\tok\nlocked\tok\n',
        code: 0,
        err: '',
      });
    });

    it('names every mistake with its place, and exits 2', async () => {
      writeFileSync(path.join(folder, 'cachectl.yaml'), FILE + WRONG);
      const { out, code, err } = await run('profile:check');
      expect(code).to.equal(2);
      expect(out).to.match(/^shop\tok\n.*typo\terror\nunset\terror\n$/s);
      expect(err).to.match(
        /^error: cachectl\.yaml:16: unknown key "hst"[^\n]*\n {2}Did you mean host\?\nerror: .*NOT_SET/,
      );
      expect(await run('profile:check', 'shop', 'token')).to.include({ code: 0, out: 'shop\tok\ntoken\tok\n' });
    });

    it('warns of passwords that other users can read, and not of variables', async () => {
      chmodSync(path.join(folder, 'cachectl.yaml'), 0o640);
      const { out, code, err } = await run('profile:check');
      expect({ out, code }).to.deep.equal({ out: 'shop\tok\ntoken\tok\nmongo\tok\nlocked\tok\n', code: 0 });
      expect(err.match(/cachectl\.yaml:\d+: a password of [^;]+/g)).to.deep.equal([
        'cachectl.yaml:12: a password of profile mongo is readable by other users (mode 0640)',
        'cachectl.yaml:13: a password of profile locked is readable by other users (mode 0640)',
      ]);
      const about = JSON.parse((await run('profile:check', 'shop', 'mongo', '--json')).out) as Array<{
        warnings: string[];
      }>;
      expect(about.map(({ warnings }) => warnings.length)).to.deep.equal([0, 1]);
      expect((await run('doctor')).out).to.match(
        /readable by others \(mode 0640\): cachectl\.yaml:12,\s+cachectl\.yaml:13/,
      );
    });

    it('refuses a default that does not exist', async () => {
      writeFileSync(path.join(folder, 'cachectl.yaml'), FILE.replace('default: shop', 'default: sohp'));
      const message = /cachectl\.yaml:1: there is no profile "sohp"/;
      expectFault(await run('profile:check'), { code: 2, message, hint: 'shop' });
    });
  });

  it('is found by the words that other tools use', async () => {
    expect((await run('profiles')).err).to.include('Did you mean profile:list?');
    expect((await run('init')).err).to.include('Did you mean profile:init?');
  });
});
