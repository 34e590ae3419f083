import { expect } from 'chai';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import type { Value } from '../../src/codecs/value.js';
import type { Store } from '../../src/stores/contract/store.js';

import { openCodec } from '../../src/codecs/open.js';
import { boolean, float, integer, NULL, string } from '../../src/codecs/value.js';
import { openSqlite } from '../../src/stores/sqlite/store.js';
import { all } from '../../src/testing/suite/stores.js';
import { Database } from '../support/database.js';
import { requireProgram } from '../support/requirements.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/laravel12.sqlite', import.meta.url));

/** The Unix time of the fixture. */
const WRITTEN = 1_795_410_611;

/** The values that the application put (`values_as_json` in laravel12.json). */
const VALUES: Readonly<Record<string, Value>> = {
  str: string('hello'),
  int: integer(42),
  map: {
    type: 'array',
    entries: [
      [Buffer.from('name'), string('Ann')],
      [Buffer.from('n'), integer(3)],
      [Buffer.from('f'), float(1.5)],
      [Buffer.from('b'), boolean(true)],
      [Buffer.from('z'), NULL],
    ],
  },
  forever: string('always'),
  float: float(3.14),
  true: boolean(true),
  binary: string(Buffer.from([0, 0xff, 0xfe, ...Buffer.from('bin')])),
};

/** Run a script with `$db`, a PDO connection to `path`, and `$put`, Laravel's upsert. */
function runPhp(path: string, script: string): ChildProcess {
  const prelude = `
    $db = new PDO('sqlite:' . $argv[1], null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    $put = function (string $key, $value, int $ttl) use ($db) {
      $bytes = serialize($value);
      if (str_contains($bytes, "\\0")) $bytes = base64_encode($bytes);
      $db->prepare('insert into cache (expiration, key, value) values (?, ?, ?) on conflict (key) do update set
        expiration = excluded.expiration, value = excluded.value')
        ->execute([time() + $ttl, 'laravel-cache-' . $key, $bytes]);
    };`;
  return spawn('php', ['-r', prelude + script, '--', path], { stdio: ['ignore', 'pipe', 'inherit'] });
}

describe('sqlite: the file of a Laravel 12 application', () => {
  let folder: string;
  let path: string;
  let store: Store;
  let php: ChildProcess | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cachectl-laravel-'));
    path = join(folder, 'database.sqlite');
    copyFileSync(FIXTURE, path);
    store = openSqlite(
      {
        driver: 'sqlite',
        name: 'test',
        prefix: 'laravel-cache-',
        codec: 'php',
        protected: false,
        path,
        table: 'cache',
        lockTable: 'cache_locks',
      },
      openCodec('php'),
      { timeoutMs: 5000 },
    );
  });

  afterEach(async () => {
    php?.kill();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  function sql<T>(work: (database: Database) => T): T {
    const database = new Database(path);
    try {
      return work(database);
    } finally {
      database.close();
    }
  }

  /** Shift the expiry as if the application had just written the file. Ten years would have ended otherwise. */
  function renew(): void {
    sql((database) =>
      database
        .prepare('UPDATE cache SET expiration = expiration + unixepoch() - :written WHERE expiration > unixepoch()')
        .run({ written: WRITTEN }),
    );
  }

  function column(key: string): Buffer {
    return sql(
      (database) =>
        database
          .prepare('SELECT CAST(value AS BLOB) AS value FROM cache WHERE key = ?')
          .get(`laravel-cache-${key}`) as {
          value: Buffer;
        },
    ).value;
  }

  it('reads every value in place', async () => {
    renew();
    for (const [key, value] of Object.entries(VALUES)) {
      const entry = await store.get(key);
      expect(entry?.decode(), key).to.deep.equal(value);
      expect(entry?.ttl, key).to.be.null;
    }

    expect(await store.get('gone')).to.be.undefined;
    expect((await all(store.keys())).toSorted()).to.deep.equal(Object.keys(VALUES).toSorted());
  });

  it('does not change a byte by reading', async () => {
    const before = readFileSync(path);
    await store.many(Object.keys(VALUES));
    await all(store.keys('*a*'));
    await store.lock('deploy').holder();
    await store.flush({ scope: 'all', locks: true, dryRun: true });
    await store.close();
    expect(readFileSync(path).equals(before)).to.be.true;
  });

  it('writes the bytes that Laravel would write', async () => {
    for (const [key, value] of Object.entries(VALUES)) {
      const theirs = column(key);
      await store.forget([key]);
      await store.put(key, value, null);
      expect(column(key).equals(theirs), key).to.be.true;
    }

    expect(sql((database) => database.pragma('journal_mode'))).to.equal('delete');
  });

  it('counts on Laravel’s integers', async () => {
    renew();
    expect(await store.increment('int', 8n)).to.equal(50n);
    expect(column('int').toString()).to.equal('i:50;');
  });

  it('shows the holders of Laravel’s locks, and acquires expired ones', async () => {
    sql((database) =>
      database.exec(`UPDATE cache_locks SET expiration = unixepoch() + 3600 WHERE key = 'laravel-cache-deploy'`),
    );
    const holder = await store.lock('deploy').holder();
    expect(holder?.owner).to.equal('owner-16-chars-x');
    expect(holder?.ttl).to.be.within(3400, 3600);
    expect(await store.lock('deploy').acquire('me', 60)).to.be.false;
    expect(await store.lock('expired').holder()).to.be.undefined;
    expect(await store.lock('expired').acquire('me', 60)).to.be.true;
    expect(await store.lock('deploy').release('owner-16-chars-x')).to.be.true;
  });

  describe('while PHP uses it', () => {
    before(function () {
      requireProgram(this, 'php');
    });

    it('reads what PHP writes, and the other way round', async () => {
      await once(runPhp(path, `$put('a', ['x' => "\\xff\\0", 'y' => 1.5], 60); $put('b', "\\xc3\\x28", 60);`), 'exit');
      expect((await store.get('a'))?.decode()).to.deep.equal({
        type: 'array',
        entries: [
          [Buffer.from('x'), string(Buffer.from([0xff, 0]))],
          [Buffer.from('y'), float(1.5)],
        ],
      });
      expect((await store.get('b'))?.decode()).to.deep.equal(string(Buffer.from([0xc3, 0x28])));

      await store.put('c', string(Buffer.from([0xff, 0xc3, 0x28])), 60);
      const reader = runPhp(
        path,
        `
        $value = $db->query("select value from cache where key = 'laravel-cache-c'")->fetchColumn();
        echo gettype($value), ' ', bin2hex(unserialize($value));`,
      );
      expect(await text(reader.stdout!)).to.equal('string ffc328');
    });

    it("reports PHP's writes and deletions while its triggers are in the file", async () => {
      const controller = new AbortController();
      const stream = await store.events({ signal: controller.signal, enable: false });
      php = runPhp(
        path,
        `
        for ($i = 0; $i < 50; $i++) $put("k$i", $i, 60);
        $count = $db->exec("delete from cache where key = 'laravel-cache-k7'");
        $put('rows', $count, 60);
        $put('end', true, 60);`,
      );
      const lines: string[] = [];
      for await (const { type, key } of stream) {
        lines.push(`${type} ${key}`);
        if (key === 'end') break;
      }

      const written = Array.from({ length: 50 }, (_, number) => `KeyWritten k${number}`);
      expect(lines).to.deep.equal([...written, 'KeyForgotten k7', 'KeyWritten rows', 'KeyWritten end']);
      expect((await store.get('rows'))?.decode()).to.deep.equal(integer(1));
      controller.abort();
    });
  });
});
