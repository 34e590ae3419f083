import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { onTerminal } from '../support/terminal.js';

describe('cachectl alone', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-alone-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const alone = async (env: Record<string, string> = {}): Promise<string> => {
    const { code, out, err } = await cachectl([], { cwd: folder, env: { HOME: folder, ...env } });
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    return out;
  };

  it('says what it is, which store it would use and why, and what to do next', async () => {
    const out = await alone();
    expect(out).to.match(/^Read, write and watch the caches of your applications\./);
    expect(out.replaceAll(/\s+/g, ' ')).to.include("cachectl's own, since there is no cachectl.yaml");
    expect(out).to.include('cachectl profile:init').and.to.include('READ AND WRITE');
  });

  it('sees that the folder is a Laravel application', async () => {
    writeFileSync(path.join(folder, 'artisan'), '');
    expect(await alone()).to.include('cachectl doctor --laravel .');
  });

  it('names the profile, and what selects it, without a password', async () => {
    const shop = 'shop: { driver: redis, url: "redis://u:hunter2@h1:7000/2" }';
    writeFileSync(path.join(folder, 'cachectl.yaml'), `profiles:\n  ${shop}\n`);
    expect(await alone()).to.include('  profile shop, the only one in cachectl.yaml: redis h1:7000, database 2\n');
    expect(await alone({ CACHECTL_PROFILE: 'shop' })).to.include('profile shop, selected by CACHECTL_PROFILE: redis');
    const url = 'mongodb://u:hunter2@h/app';
    expect(await alone({ CACHECTL_URL: url }))
      .to.match(/mongodb .*h.*, selected by CACHECTL_URL/)
      .and.not.to.include('hunter2');
  });

  it('says what is wrong with the profile', async () => {
    writeFileSync(path.join(folder, 'cachectl.yaml'), 'profiles:\n  shop: { driver: redis, hst: x }\n');
    expect(await alone())
      .to.include('cachectl.yaml:2: unknown key "hst"')
      .and.to.include('cachectl profile:check');
  });

  it('is more than cachectl help', async () => {
    expect((await cachectl(['help'], { cwd: folder })).out).not.to.include('\nSTORE\n');
  });
});

describe('a miss at a terminal', () => {
  let redis: RedisServer;
  let folder: string;

  before(async function () {
    redis = await startRedis(this);
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-miss-'));
    const profile = (prefix: string): string => `{ driver: redis, url: "${redis.url}", prefix: ${prefix} }`;
    const file = `default: shop\nprofiles:\n  shop: ${profile('shop-cache-')}\n  wrong: ${profile('wrong-')}\n`;
    writeFileSync(path.join(folder, 'cachectl.yaml'), file);
    const config = ['--config', path.join(folder, 'cachectl.yaml')];
    await cachectl(['put', 'tagged', '1', '--tags', 'a', ...config]);
    await cachectl(['put', 'plain', '1', ...config]);
  });

  after(async () => {
    await redis?.stop();
    rmSync(folder, { recursive: true });
  });

  const config = (): string[] => ['--config', path.join(folder, 'cachectl.yaml')];
  const shown = async (...args: string[]): Promise<string> => {
    const { screen } = await onTerminal([...args, ...config()], { HOME: folder });
    return screen.replaceAll(/\s+/g, ' ');
  };

  it('names the command for an entry that has tags', async () => {
    const hint = "an entry with tags has this key: cachectl keys '*:tagged' --long";
    expect(await shown('get', 'tagged')).to.include(hint);
    expect(await shown('inspect', 'tagged')).to.include(hint);
  });

  it('does so in the embedded store, too', async () => {
    const env = { HOME: folder, XDG_DATA_HOME: folder };
    await cachectl(['put', 'report', 'ready', '--tags', 'a'], { env });
    const { screen } = await onTerminal(['get', 'report'], env);
    expect(screen).to.include("an entry with tags has this key: cachectl keys '*:report' --long");
  });

  it('names the command for an entry without tags', async () => {
    expect(await shown('get', 'plain', '--tags', 'a')).to.include('without tags has this key: cachectl get plain');
  });

  it('says that no key has the prefix', async () => {
    const hint = 'which prefixes exist: cachectl doctor -p wrong --config';
    expect(await shown('get', 'plain', '-p', 'wrong')).to.include(`no key begins with wrong-; ${hint}`);
    expect(await shown('keys', '-p', 'wrong')).to.include(`no keys with the prefix wrong-; ${hint}`);
  });

  it('says no more than that where other keys exist', async () => {
    expect(await shown('get', 'other')).to.equal('other is not in the cache ');
  });

  it('stays short in a pipe and in JSON', async () => {
    expect((await cachectl(['get', 'tagged', ...config()])).err).to.equal('tagged is not in the cache\n');
    const { code, err } = await cachectl(['get', 'tagged', '--json', ...config()]);
    expect({ code, err }).to.deep.equal({ code: 1, err: '' });
  });
});
