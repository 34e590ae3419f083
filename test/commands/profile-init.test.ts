import { expect } from 'chai';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, type Result } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { onTerminal } from '../support/terminal.js';

describe('profile:init', () => {
  let redis: RedisServer;
  let root: string;
  let folder: string;
  let address: string;

  before(async function () {
    redis = await startRedis(this, '--databases', '16');
    address = `redis://127.0.0.1:${redis.port}/1`;
    await redis.client.select(1);
    for (const key of ['a', 'b', 'c']) await redis.client.set(`shop-database-shop-cache-${key}`, 'i:1;');
  });

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'cachectl-init-'));
    folder = path.join(root, 'shop');
    mkdirSync(folder);
  });

  afterEach(() => rmSync(root, { recursive: true }));

  after(async () => redis?.stop());

  const run = async (...args: string[]): Promise<Result> => cachectl(['profile:init', ...args], { cwd: folder });

  /** Settings by their key. */
  const shown = async (...args: string[]) => {
    const env = { P2_PASSWORD: 'p', P3_PASSWORD: 'p', REDIS_PASSWORD: 'hunter 2' };
    const { out } = await cachectl(['profile:show', ...args, '--json'], { cwd: folder, env });
    const document = JSON.parse(out) as { location: string; settings: Array<{ key: string; value: unknown }> };
    const settings = Object.fromEntries(document.settings.map(({ key, value }) => [key, String(value)]));
    return { location: document.location, settings };
  };

  const file = (): string => readFileSync(path.join(folder, 'cachectl.yaml'), 'utf8');

  it('takes the prefixes of the stored keys, and the place of locks from them', async () => {
    const { code, out, err } = await run('--url', address);
    expect({ code, out }, err).to.deep.equal({ code: 0, out: 'created profile shop in cachectl.yaml\n' });
    expect(err).to.include('3 keys begin with shop-database-shop-cache-: taken as the prefix');
    expect(file())
      .to.match(/^default: shop$/m)
      .and.to.match(/^ {4}locks:\n {6}database: 0$/m);
    expect(file()).to.match(/^ {4}prefix: shop-cache- # what the application's cache prepends/m);
    expect(statSync(path.join(folder, 'cachectl.yaml')).mode & 0o777).to.equal(0o600);
    expect(await cachectl(['get', 'a'], { cwd: folder })).to.include({ code: 0, out: '1\n' });
  });

  it('lists the prefixes if there are several, and takes none', async () => {
    await redis.client.set('blog_cache:x', 'i:1;');
    const { err } = await run('--url', address);
    await redis.client.del('blog_cache:x');
    expect(err).to.include('Keys begin with shop-database-shop-cache-, blog_cache:. Choose one with --prefix');
    expect(file()).not.to.include('prefix');
  });

  it('leaves passwords in the environment', async () => {
    const { err } = await run('my.shop', '--url', 'redis://ann:hunter2@h/1', '--offline', '--protected');
    expect(err).to.include('Set MY_SHOP_PASSWORD in the environment');
    expect(file())
      .to.include('    password: ${MY_SHOP_PASSWORD} # from the environment\n')
      .and.not.to.include('hunter2');
    expect(await cachectl(['profile:check'], { cwd: folder })).to.include({ code: 2 });
    const env = { MY_SHOP_PASSWORD: 'x' };
    expect(await cachectl(['profile:check'], { cwd: folder, env })).to.include({ code: 0 });
  });

  it('adds to an existing file, of which every byte stays', async () => {
    const before =
      '# mine\nprofiles:\n    a: {driver: sqlite, path: x.sqlite} # first\n    # about b\n    b:\n        driver: sqlite\n        path: y.sqlite # last\n\n# the end\ndefault: a\n';
    writeFileSync(path.join(folder, 'cachectl.yaml'), before);
    chmodSync(path.join(folder, 'cachectl.yaml'), 0o640);
    expect(await run('c', '--driver', 'sqlite')).to.include({ out: 'added profile c to cachectl.yaml\n' });
    const [head, tail] = before.split('\n# the end');
    const added = '\n\n    c:\n      driver: sqlite\n      path: database/database.sqlite\n';
    expect(file()).to.equal(`${head!.trimEnd()}${added}\n# the end${tail}`);
    expect(statSync(path.join(folder, 'cachectl.yaml')).mode & 0o777).to.equal(0o640);
    expectFault(await run('b', '--driver', 'sqlite'), { code: 2, message: 'already has a profile b', hint: '--force' });
    const { out } = await run('b', '--force', '--url', 'sqlite:/z.sqlite', '--offline');
    expect(out).to.equal('replaced profile b in cachectl.yaml\n');
    expect(file()).to.include('# first').and.to.include('path: /z.sqlite').and.not.to.include('y.sqlite');
    expect((await cachectl(['profile:check'], { cwd: folder })).out).to.equal('a\tok\nb\tok\nc\tok\n');
  });

  it('begins an empty file, and one that holds comments only', async () => {
    for (const before of ['', '# mine']) {
      writeFileSync(path.join(folder, 'cachectl.yaml'), before);
      expect(await run('c', '--driver', 'sqlite')).to.include({ out: 'added profile c to cachectl.yaml\n' });
      expect(file()).to.match(/^(?:# mine\n)?# Profiles of cachectl.*\ndefault: c\n\nprofiles:\n {2}c:\n/);
      expect(await cachectl(['profile:check'], { cwd: folder })).to.include({ code: 0, out: 'c\tok\n' });
    }
  });

  it('writes nothing into a file to which it cannot add, nor without a connection', async () => {
    writeFileSync(path.join(folder, 'cachectl.yaml'), 'profiles: { a: { driver: sqlite, path: x.sqlite } }\n');
    const { code, err } = await run('c', '--driver', 'sqlite');
    expect(code).to.equal(2);
    expect(err).to.include('Add it by hand').and.to.include('driver: sqlite');
    expect(file()).to.equal('profiles: { a: { driver: sqlite, path: x.sqlite } }\n');
    const refused = await run('c', '--url', 'redis://127.0.0.1:1', '--config', 'other.yaml');
    expectFault(refused, { code: 3, message: '127.0.0.1:1', hint: '--offline writes the profile without a test.' });
  });

  it('writes the profile of a Laravel application', async () => {
    const env = 'APP_NAME="My Shop"\nCACHE_STORE=redis\nREDIS_PASSWORD="hunter 2"\nREDIS_HOST=r1\n';
    writeFileSync(path.join(folder, '.env'), env);
    writeFileSync(
      path.join(folder, 'composer.lock'),
      JSON.stringify({ packages: [{ name: 'laravel/framework', version: 'v12.1.0' }] }),
    );
    expect(await run('--from-laravel', '.', '--offline')).to.include({ code: 0 });
    expect(file()).not.to.include('hunter');
    expect((await shown()).settings).to.deep.equal((await shown('--laravel', '.')).settings);
  });

  it('keeps what other services need in one line of YAML each', async () => {
    const urls = [
      'redis+cluster://n1:7000,n2:7001?prefix=p',
      'rediss+sentinel://s1,s2:26379/1?primary=m&ca=/etc/ca.pem',
      'memcached://u:p@h1:1,h2?distribution=ketama',
      'mongodb://u:p@h1,h2/app?replicaSet=rs0',
      'unix:///run/redis.sock?db=2&prefix=a$$b',
    ];
    for (const [index, url] of urls.entries()) await run(`p${index}`, '--url', url, '--offline');
    for (const [index, url] of urls.entries()) {
      expect(await shown(`p${index}`), url).to.deep.equal(await shown('--url', url));
    }
  });

  it('has an example address for each driver', async () => {
    const drivers = ['redis', 'memcached', 'mongodb', 'sqlite', 'mysql', 'postgres', 'file'];
    for (const driver of drivers) expect(await run(driver, '--driver', driver, '--offline')).to.include({ code: 0 });
    const { out } = await cachectl(['profile:list', '--json'], { cwd: folder });
    const listed = JSON.parse(out) as Array<{ driver: string }>;
    expect(listed.map(({ driver }) => driver)).to.deep.equal(drivers);
  });

  it('needs to be told where the cache is without a terminal', async () => {
    expectFault(await run(), { code: 2, message: 'no terminal to ask on', hint: '--from-laravel DIR' });
    expectFault(await run('a b'), { code: 2, message: 'cannot be the name of a profile' });
  });

  it('asks at a terminal', async () => {
    const config = path.join(folder, 'cachectl.yaml');
    const { code, screen } = await onTerminal(
      ['profile:init', '--config', config],
      { HOME: folder },
      { prompt: 'Which store is it?', keys: '\r' },
      { prompt: 'Its address:', keys: `\u0015${address}\r` },
      { prompt: /Which prefix.*3 keys begin with it/s, keys: '\r' },
      { prompt: 'Name of the profile:', keys: '\u0015blog\r' },
    );
    expect(code, screen).to.equal(0);
    expect(screen).to.include('created profile blog').and.to.include('cachectl doctor -p blog');
    expect(file()).to.include('  blog:\n').and.to.include('connectionPrefix: shop-database-');
  });

  it('asks before it writes into an existing file', async () => {
    const config = path.join(folder, 'cachectl.yaml');
    const before = 'profiles:\n  a: { driver: sqlite, path: x.sqlite }\n';
    writeFileSync(config, before);
    const { code, screen } = await onTerminal(
      ['profile:init', 'b', '--url', 'redis://127.0.0.1:1', '--config', config, '--prefix', 'p'],
      { HOME: folder },
      { prompt: 'Write the profile anyway?', keys: 'y\r' },
      { prompt: /Write the profile b into .*\?/, keys: 'n\r' },
    );
    expect(code, screen).to.equal(1);
    expect(file()).to.equal(before);
  });
});
