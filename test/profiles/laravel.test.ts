import { expect } from 'chai';
import path from 'node:path';

import type { MemcachedProfile, RedisProfile, SqliteProfile } from '../../src/profiles/profile.js';

import { parseDotenv } from '../../src/profiles/laravel/dotenv.js';
import { slug } from '../../src/profiles/laravel/slug.js';
import { Folder } from './folder.js';

describe('a Laravel application as a profile', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const version = (text: string): void => {
    folder.write('composer.lock', JSON.stringify({ packages: [{ name: 'laravel/framework', version: text }] }));
  };

  const of = async (store?: string, env: NodeJS.ProcessEnv = {}) =>
    folder.resolve({ url: store === undefined ? 'laravel:.' : `laravel:.?store=${store}`, env });

  const prefixes: ReadonlyArray<[version: string, cache: string, connection: string]> = [
    ['v10.48.0', 'my_shop_cache_', 'my_shop_database_'],
    ['v11.46.1', 'my_shop_cache_', 'my_shop_database_'],
    ['v12.67.0', 'my_shop_cache_', 'my_shop_database_'],
    ['v13.26.1', 'my-shop-cache-', 'my-shop-database-'],
    ['dev-main as 14', 'my-shop-cache-', 'my-shop-database-'],
  ];
  for (const [text, prefix, connectionPrefix] of prefixes) {
    it(`has the prefixes of Laravel ${text}`, async () => {
      version(text);
      folder.write('.env', 'APP_NAME="My Shop"\nCACHE_STORE=redis\nCACHE_DRIVER=redis\nREDIS_PASSWORD=null\n');
      expect(await of()).to.deep.equal({
        name: 'laravel',
        driver: 'redis',
        codec: 'php',
        protected: false,
        prefix,
        connectionPrefix,
        connection: { kind: 'server', nodes: [{ host: '127.0.0.1', port: 6379 }], database: 1 },
        locks: { kind: 'server', nodes: [{ host: '127.0.0.1', port: 6379 }], database: 0 },
      });
    });
  }

  it('has the folders and the mode of a file store, and no prefix', async () => {
    version('v12.40.0');
    folder.write(
      'config/cache.php',
      `<?php return ['prefix' => 'shop-', 'stores' => ['file' => [
        'driver' => 'file', 'path' => storage_path('framework/cache/data'),
        'lock_path' => storage_path('framework/cache/locks'), 'permission' => 0664,
      ]]];`,
    );
    const data = path.join(folder.project, 'storage/framework/cache/data');
    expect(await of('file')).to.deep.equal({
      name: 'laravel',
      driver: 'file',
      prefix: '',
      codec: 'php',
      protected: false,
      path: data,
      lockPath: path.join(folder.project, 'storage/framework/cache/locks'),
      lockPrefix: 'file-store-lock:',
      permission: 0o664,
    });
    version('v12.35.1');
    expect(await of('file')).to.include({ path: data, lockPrefix: '' });
    version('v11.46.1');
    expect(await of('file')).to.include({ path: data, lockPrefix: '' });
  });

  it('of a failover store is refused with the stores in it', async () => {
    version('v12.40.0');
    folder.write(
      'config/cache.php',
      `<?php return ['stores' => ['failover' => ['driver' => 'failover', 'stores' => ['redis', 'array']]]];`,
    );
    const { message, hint } = await folder.failure({ url: 'laravel:.?store=failover' });
    expect(message).to.include('fails over between redis and array');
    expect(hint).to.include('store=redis');
  });

  for (const driver of ['dynamodb', 'apc', 'octane', 'session', 'storage', 'null', 'array']) {
    it(`on ${driver} is refused by name`, async () => {
      version('v12.40.0');
      folder.write('config/cache.php', `<?php return ['stores' => ['mine' => ['driver' => '${driver}']]];`);
      const { message } = await folder.failure({ url: 'laravel:.?store=mine' });
      expect(message).to.match(new RegExp(`driver "${driver}" of profile laravel: cachectl does not support`));
    });
  }

  // With the framework's own configuration. `CACHE_STORE=null` is the null store.
  for (const store of ['dynamodb', 'octane', 'session', 'storage', 'failover', 'null']) {
    it(`that .env sets to ${store} is refused by name`, async () => {
      version('v13.26.1');
      folder.write('.env', `CACHE_STORE=${store}\n`);
      const { message } = await folder.failure({ url: 'laravel:.' });
      expect(message).to.match(new RegExp(`\\.env:1.*: cache store "${store}": cachectl does not support`));
    });
  }

  it('is on SQLite in the database folder unless the application says otherwise', async () => {
    version('v12.0.0');
    folder.write('.env', 'DB_CONNECTION=sqlite\n');
    const profile = (await of()) as SqliteProfile;
    expect(profile).to.include({
      driver: 'sqlite',
      table: 'cache',
      lockTable: 'cache_locks',
      prefix: 'laravel_cache_',
    });
    expect(profile.path).to.equal(path.join(folder.project, 'database', 'database.sqlite'));
  });

  it('takes names of tables, and the prefix of the database', async () => {
    version('v12.0.0');
    folder.write('.env', 'DB_CACHE_TABLE=entries\nDB_CACHE_LOCK_TABLE=locks\n');
    folder.write(
      'config/database.php',
      "<?php return ['default' => 'main', 'connections' => ['main' => ['driver' => 'sqlite', 'prefix' => 'app_',\n" +
        "'database' => database_path('shop.sqlite')]]];",
    );
    const profile = (await of()) as SqliteProfile;
    expect(profile).to.include({ table: 'app_entries', lockTable: 'app_locks' });
    expect(profile.path).to.equal(path.join(folder.project, 'database/shop.sqlite'));
  });

  it('reads config files, where variables of the environment win over .env', async () => {
    version('v13.0.0');
    folder.write('.env', 'CACHE_STORE=redis\nREDIS_HOST=from-file\nREDIS_PORT=7000\n');
    folder.write(
      'config/cache.php',
      `<?php
      use Illuminate\\Support\\Str;
      return [
        'default' => env('CACHE_STORE', 'file'),
        'stores' => ['redis' => ['driver' => 'redis', 'connection' => 'fast']],
        'prefix' => env('CACHE_PREFIX', Str::slug((string) env('APP_NAME', 'laravel')).'-c-'),
      ];`,
    );
    folder.write(
      'config/database.php',
      `<?php return ['redis' => [
        'client' => env('REDIS_CLIENT', 'phpredis'),
        'options' => ['prefix' => 'p:', 'serializer' => \\Redis::SERIALIZER_IGBINARY, 'compression' => Redis::COMPRESSION_ZSTD,
          'compression_level' => 7],
        'fast' => ['host' => env('REDIS_HOST'), 'port' => env('REDIS_PORT', '6379'), 'database' => 4, 'password' => env('NONE')],
      ]];`,
    );
    const profile = (await of(undefined, { REDIS_HOST: 'from-environment' })) as RedisProfile;
    expect(profile).to.include({
      prefix: 'laravel-c-',
      connectionPrefix: 'p:',
      serializer: 'igbinary',
      compression: 'zstd',
    });
    expect(profile.compressionLevel).to.equal(7);
    expect(profile.connection).to.deep.equal({
      kind: 'server',
      nodes: [{ host: 'from-environment', port: 7000 }],
      database: 4,
    });
    expect(profile.locks).to.equal(undefined);
  });

  it('takes a cached configuration as it is, and then no .env', async () => {
    folder.write('.env', 'CACHE_PREFIX=wrong\n');
    folder.write(
      'bootstrap/cache/config.php',
      `<?php return array ('cache' => array ('default' => 'memcached', 'prefix' => 'right',
        'stores' => array ('memcached' => array ('driver' => 'memcached', 'sasl' => array (0 => 'ann', 1 => 'secret'),
        'options' => array (-1002 => 'k:', 16 => true, -1003 => 2, -1004 => 1),
        'servers' => array (0 => array ('host' => 'm1', 'port' => 11211, 'weight' => 100),
          1 => array ('host' => '/run/m.sock', 'port' => 0, 'weight' => 50))))));`,
    );
    const profile = (await of()) as MemcachedProfile;
    expect(profile).to.deep.include({
      prefix: 'right',
      connectionPrefix: 'k:',
      distribution: 'ketama',
      serializer: 'igbinary',
      compression: 'zlib',
      username: 'ann',
      password: 'secret',
      servers: [
        { host: 'm1', port: 11_211, weight: 100 },
        { socket: '/run/m.sock', weight: 50 },
      ],
    });
  });

  it('knows clusters, and primaries by their sentinels', async () => {
    version('v12.0.0');
    folder.write(
      'config/database.php',
      `<?php return ['redis' => ['client' => 'predis',
        'options' => ['prefix' => '', 'replication' => 'sentinel', 'service' => 'main'],
        'clusters' => ['cache' => [['host' => 'n1', 'port' => 7001], ['host' => 'n2', 'port' => 7002]]],
        'guarded' => [['host' => 's1'], ['host' => 's2', 'port' => 5000]]]];`,
    );
    folder.write(
      'config/cache.php',
      `<?php return ['stores' => ['a' => ['driver' => 'redis', 'connection' => 'guarded', 'prefix' => 'x']]];`,
    );
    expect(((await of('a')) as RedisProfile).connection).to.deep.include({
      kind: 'sentinel',
      primary: 'main',
      nodes: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 5000 },
      ],
    });
  });

  const failures: ReadonlyArray<[what: string, files: Record<string, string>, url: string, message: RegExp]> = [
    ['a folder without an application', {}, 'laravel:.', /is not a Laravel application/],
    ['a store that is not there', { '.env': '' }, 'laravel:.?store=nope', /has no cache store "nope"/],
    [
      'a store that lives inside PHP',
      { '.env': '', 'config/cache.php': "<?php return ['stores' => ['octane' => ['driver' => 'octane']]];" },
      'laravel:.?store=octane',
      /octane/,
    ],
    ['spaces in a value without quotes, as Laravel does', { '.env': 'A=one two\n' }, 'laravel:.', /\.env:1/],
    ['a line of .env that is none', { '.env': 'A=1\n<<<<\n' }, 'laravel:.', /\.env:2 is not NAME=value/],
    [
      'a prefix that only PHP can evaluate',
      { '.env': '', 'config/cache.php': "<?php return ['default' => 'redis', 'prefix' => tenant()->prefix];" },
      'laravel:.',
      /config\/cache\.php:1: cache\.prefix is an expression/,
    ],
    [
      'a socket as REDIS_URL, which Laravel misreads',
      { '.env': 'CACHE_STORE=redis\nREDIS_URL=unix:///run/redis.sock\n' },
      'laravel:.',
      /^\.env:2 .*database\.redis\.cache\.url is a Unix socket/,
    ],
    ['PHP that is none', { '.env': '', 'config/cache.php': '<?php return [;' }, 'laravel:.', /is not PHP/],
    [
      'PHP that is none, without a word of it',
      { '.env': '', 'config/database.php': "<?php return ['password' =>\nS3cret hunter2];" },
      'laravel:.',
      /^config\/database\.php:2 is not PHP that can be read$/,
    ],
    ['an endless file', { '.env': 'A=1\n'.repeat(2_000_000) }, 'laravel:.', /\.env is larger than 4 MiB$/],
  ];
  for (const [what, files, url, message] of failures) {
    it(`refuses ${what}`, async () => {
      for (const [name, text] of Object.entries(files)) folder.write(name, text);
      expect((await folder.failure({ url })).message).to.match(message);
    });
  }

  it('is refused with the line of a setting that is not UTF-8, wherever other text is not', async () => {
    version('v12.0.0');
    folder.write('.env', latin1('# caf\u00E9\nNOTE=caf\u00E9\nCACHE_STORE=redis\nCACHE_PREFIX=shop-\n'));
    expect(await of()).to.include({ prefix: 'shop-' });
    folder.write('.env', latin1('# caf\u00E9\nCACHE_STORE=redis\nCACHE_PREFIX=caf\u00E9-\n'));
    expect((await folder.failure({ url: 'laravel:.' })).message).to.equal(
      '.env:3 (CACHE_PREFIX): cache.prefix contains bytes that are not UTF-8',
    );
    folder.write('.env', latin1('APP_NAME=caf\u00E9\nCACHE_STORE=redis\n'));
    expect((await folder.failure({ url: 'laravel:.' })).message).to.match(/cache\.prefix/);
    folder.write('.env', 'CACHE_STORE=redis\n');
    folder.write('config/cache.php', latin1("<?php // caf\u00E9\nreturn ['prefix' => 'caf\u00E9-'];"));
    expect((await folder.failure({ url: 'laravel:.' })).message).to.equal(
      'config/cache.php:2: cache.prefix contains bytes that are not UTF-8',
    );
  });

  it('names the variable that holds a wrong value, and hides its text where it is secret', async () => {
    version('v12.0.0');
    folder.write('.env', 'CACHE_STORE=redis\nREDIS_PORT=many\n');
    expect((await folder.failure({ url: 'laravel:.' })).message).to.match(
      /\.env:2 \(REDIS_PORT\): port of profile laravel/,
    );
  });
});

describe('a .env file', () => {
  const cases: ReadonlyArray<[line: string, value: string]> = [
    ['A=plain', 'plain'],
    ['A = spaced  # comment', 'spaced'],
    ['A=with#hash', 'with'],
    ['A="with#hash"', 'with#hash'],
    ["A='single $B ${B} \\n'", 'single $B ${B} \\n'],
    ['A="double ${B} \\"q\\" \\$B \\n"', 'double b "q" $B \n'],
    ['A=${B}/x', 'b/x'],
    ['A=${NONE}', '${NONE}'],
    ['export A="x" # comment', 'x'],
    ['A="two\nlines"', 'two\nlines'],
    ['A=', ''],
    ['A=""', ''],
    ['A=base64:abc==', 'base64:abc=='],
    ['A=a=b', 'a=b'],
    ['A=x\r', 'x'],
  ];
  for (const [line, value] of cases) {
    it(`holds ${JSON.stringify(value)} by ${JSON.stringify(line)}`, () => {
      expect(parseDotenv(`# head\n\nB=b\n${line}\nC=c`, {}).get('A')?.value).to.equal(value);
      expect(parseDotenv(`B=b\n${line}\nC=c`, {}).get('C')?.value).to.equal('c');
    });
  }

  it('says on which line a variable is set', () => {
    expect(parseDotenv('# one\n\nA="x\ny"\nB=2', {}).get('B')?.line).to.equal(5);
  });

  it('takes linear time, for lines and for white space', () => {
    // Quadratic time would take minutes.
    expect(parseDotenv('A=1\n'.repeat(400_000), {}).get('A')?.line).to.equal(400_000);
    expect(() => parseDotenv(`A=${' '.repeat(400_000)}'x`, {})).to.throw('line 1 is not NAME=value');
  });

  it('expands no variables without end', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `A${index + 1}="\${A${index}}\${A${index}}"`);
    expect(() => parseDotenv(`A0=x\n${lines.join('\n')}`, {})).to.throw(
      /^line \d+ expands variables to more than 1 MiB$/,
    );
  });

  it('takes no members of JavaScript objects for variables', () => {
    expect(parseDotenv('A=${constructor}${__proto__}', {}).get('A')?.value).to.equal('${constructor}${__proto__}');
  });
});

describe("the slug of an application's name", () => {
  const slugs: ReadonlyArray<[name: string, separator: string, slug: string | undefined]> = [
    ['My Shop', '-', 'my-shop'],
    ['My Shop', '_', 'my_shop'],
    ['Café "L\'Été" & Co.', '_', 'cafe_lete_co'],
    ['shop_de--x', '-', 'shop-de-x'],
    ['ann@shop', '-', 'ann-at-shop'],
    ['Магазин', '-', undefined],
  ];
  for (const [name, separator, expected] of slugs) {
    it(`of ${name} is ${expected ?? 'left to PHP'}`, () => {
      expect(slug(name, separator)).to.equal(expected);
    });
  }
});

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
