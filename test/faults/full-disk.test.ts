import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, type Result } from '../support/cli.js';
import { Database } from '../support/database.js';
import { expectFault, reportedCount } from '../support/faults.js';
import { startMemcached } from '../support/memcached-server.js';

/** Mounts a file system of 400 kB at $DISK with the files of $BEFORE, for one command, and copies them to $AFTER. */
const MOUNT = `mount -t tmpfs -o size=400k tmpfs "$DISK" && cp -R "$BEFORE/." "$DISK" || exit 99
[ "$FILL" = no ] || dd if=/dev/zero of="$DISK/fill" bs=1k 2>/dev/null
"$@"; code=$?; rm -f "$DISK/fill"; cp -R "$DISK/." "$AFTER"; exit $code`;

/** The temporary folder is on that disk, and nobody reads the answer of the command before it is full. */
const MOUNT_UNREAD = `mount -t tmpfs -o size=400k tmpfs "$DISK" || exit 99
export TMPDIR=$DISK
"$@" | { until [ "$(stat -f -c %a "$DISK")" = 0 ]; do :; done; cat; }
exit "\${PIPESTATUS[0]}"`;

/** A mount that only the command sees. Needs root, or a system that lets users mount in a namespace of their own. */
const NAMESPACE = ['unshare', process.getuid?.() === 0 ? '-m' : '-Urm'];

const canMount =
  spawnSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0;

const ENTRIES = 3000;

describe('a full disk', () => {
  let folder = '';
  const at = (...names: string[]): string => path.join(folder, ...names);

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-disk-'));
    for (const name of ['disk', 'before', 'after']) mkdirSync(at(name));
    const lines = Array.from({ length: ENTRIES }, (_, index) => `{"key":"k${index}","value":"${'x'.repeat(300)}"}\n`);
    writeFileSync(at('many.ndjson'), lines.join(''));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  /** Run a command of a file with one entry, and copy that to `after/cache.sqlite`. */
  async function onLimitedFile(...args: string[]): Promise<Result> {
    await cachectl(['put', 'old', 'kept', '--url', `sqlite://${at('after/cache.sqlite')}`]);
    const through = ['bash', '-c', 'ulimit -f 600; exec "$@"', 'bash'];
    return cachectl([...args, '--url', `sqlite://${at('after/cache.sqlite')}`], { through });
  }

  function expectSqliteHolds(entries: number): void {
    const database = new Database(at('after/cache.sqlite'));
    expect(database.pragma('integrity_check')).to.equal('ok');
    expect(database.prepare('SELECT count(*) FROM cache').pluck().get()).to.equal(entries + 1);
    expect(database.prepare(`SELECT value FROM cache WHERE key = 'old'`).pluck().get()).to.equal('s:4:"kept";');
    database.close();
  }

  it('or a limit on the size of files ends an import into SQLite with the number of entries stored', async () => {
    const result = await onLimitedFile('import', at('many.ndjson'));
    expectFault(result, { code: 4, message: 'cannot read or write', hint: 'ulimit -f' });
    expectSqliteHolds(reportedCount('imported', result));
  });

  it('or a limit on the size of files leaves the old value of the file store, and a part of an export', async () => {
    const limited = { through: ['bash', '-c', 'ulimit -f 600; exec "$@"', 'bash'] };
    const files = `file://${at('after/files')}`;
    await cachectl(['put', 'old', 'kept', '--url', files]);
    const put = await cachectl(['put', 'old', '--file', at('many.ndjson'), '--url', files], limited);
    expectFault(put, { code: 3, message: 'larger than the system permits', hint: 'ulimit -f' });
    const left = readdirSync(at('after/files'), { recursive: true, withFileTypes: true });
    expect(left.filter((file) => file.isFile())).to.have.lengthOf(1);
    expect((await cachectl(['get', 'old', '--url', files])).out).to.equal('kept\n');
    const url = `sqlite://${at('many.sqlite')}`;
    await cachectl(['import', at('many.ndjson'), '--url', url]);
    const exported = await cachectl(['export', '--output', at('all.ndjson'), '--url', url], limited);
    expectFault(exported, { code: 4, message: 'larger than the system permits', hint: '--resume' });
    expect(reportedCount('exported', exported)).to.be.within(1, ENTRIES - 1);
    expect(existsSync(at('all.ndjson'))).to.equal(false);
  });

  if (canMount) {
    const run = async (isFull: boolean, ...args: string[]): Promise<Result> => {
      const env = { DISK: at('disk'), BEFORE: at('before'), AFTER: at('after'), FILL: isFull ? 'yes' : 'no' };
      return cachectl(args, { env, through: [...NAMESPACE, 'sh', '-c', MOUNT, 'sh'] });
    };

    describe('below SQLite', () => {
      beforeEach(async () => {
        await cachectl(['put', 'old', 'kept', '--url', `sqlite://${at('before/cache.sqlite')}`]);
      });

      it('ends an import with the number of entries stored', async () => {
        const result = await run(false, 'import', at('many.ndjson'), '--url', `sqlite://${at('disk/cache.sqlite')}`);
        expectFault(result, { code: 4, message: 'the disk is full', hint: 'Free some space' });
        expectSqliteHolds(reportedCount('imported', result));
      });

      it('is named by reads and writes, which change nothing', async () => {
        for (const args of [
          ['get', 'old'],
          ['put', 'old', 'new'],
          ['lock:run', 'L', '--ttl', '60', '--', 'true'],
          ['flush', '--yes'],
        ]) {
          const end = args.includes('--') ? args.indexOf('--') : args.length;
          const result = await run(true, ...args.toSpliced(end, 0, '--url', `sqlite://${at('disk/cache.sqlite')}`));
          expectFault(result, { code: 3, message: 'the disk is full', hint: 'Free some space' });
          expectSqliteHolds(0);
        }
      });
    });

    it('below the file store leaves the old value and no other file', async () => {
      const before = `file://${at('before/files')}`;
      await cachectl(['put', 'old', 'kept', '--url', before]);
      const put = ['put', 'old', '--file', at('many.ndjson'), '--url', `file://${at('disk/files')}`];
      expectFault(await run(false, ...put), { code: 3, message: 'the disk is full' });
      const files = readdirSync(at('after/files'), { recursive: true, withFileTypes: true });
      expect(files.filter((file) => file.isFile())).to.have.lengthOf(1);
      expect((await cachectl(['get', 'old', '--url', before.replace('before', 'after')])).out).to.equal('kept\n');
    });

    it('below the file store ends an import and put --from with the number of entries stored', async () => {
      await cachectl(['put', 'old', 'kept', '--url', `file://${at('before/files')}`]);
      for (const [args, word] of [
        [['import', at('many.ndjson')], 'imported'],
        [['put', '--from', at('many.ndjson')], 'stored'],
      ] as const) {
        const result = await run(false, ...args, '--url', `file://${at('disk/files')}`);
        expectFault(result, { code: 4, message: 'the disk is full', hint: 'Free some space' });
        const files = readdirSync(at('after/files'), { recursive: true, withFileTypes: true });
        expect(files.filter((file) => file.isFile())).to.have.lengthOf(reportedCount(word, result) + 1);
        rmSync(at('after/files'), { recursive: true });
      }
    });

    it('below the temporary folder is named by a listing of Memcached, after the keys in memory', async function () {
      const memcached = await startMemcached(this);
      try {
        const at = ['--url', `memcached://${memcached.address}?prefix=full-`];
        const keys = Array.from({ length: 60_000 }, (_, index) => `{"key":"${'k'.repeat(60)}${index}","value":1}\n`);
        expect(await cachectl(['import', '-', ...at], { input: keys.join('') })).to.include({ code: 0 });
        const through = [...NAMESPACE, 'bash', '-c', MOUNT_UNREAD, 'bash'];
        const result = await cachectl(['keys', ...at], { env: { DISK: path.join(folder, 'disk') }, through });
        expectFault(result, { code: 3, message: 'the disk is full', hint: 'Set TMPDIR', out: result.out });
        expect(result.out.split('\n').length).to.be.within(1000, 59_999);
      } finally {
        await memcached.stop();
      }
    });

    it('below an export ends it with the number of entries written, and --resume completes it', async () => {
      const url = `sqlite://${at('many.sqlite')}`;
      await cachectl(['import', at('many.ndjson'), '--url', url]);
      const result = await run(false, 'export', '--output', at('disk/all.ndjson'), '--url', url);
      expectFault(result, { code: 4, message: 'the disk is full', hint: '--resume' });
      expect(reportedCount('exported', result)).to.be.within(1, ENTRIES - 1);
      expect(existsSync(at('after/all.ndjson'))).to.equal(false);
      const full = await run(true, 'export', '--output', at('disk/all.ndjson'), '--url', url);
      expectFault(full, { code: 3, message: 'cannot write' });
      expect(readdirSync(at('after')).filter((name) => name.endsWith('claim'))).to.deep.equal([]);
      for (const name of readdirSync(at('after'))) copyFileSync(at('after', name), at('disk', name));
      const resumed = await cachectl(['export', '--output', at('disk/all.ndjson'), '--resume', '--url', url]);
      expect(resumed.code, resumed.err).to.equal(0);
      const lines = (await cachectl(['import', at('disk/all.ndjson'), '--dry-run', '--url', url])).err;
      expect(lines).to.include('3,000 entries');
    });
  } else
    process.stderr.write(
      '\n  WARNING: mounts are not permitted here: a full disk is tested with a limit on the size of files only\n',
    );
});
