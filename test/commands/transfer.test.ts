import { expect } from 'chai';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { cachectl } from '../support/cli.js';
import { expectFault, reportedCount } from '../support/faults.js';
import { memcachedPlace, mongodbPlace, onTwoStores, type Place, redisPlace, sqlitePlace } from '../support/places.js';

/** Values that every store keeps, some of which plain JSON cannot express. */
const PLANTED: ReadonlyArray<readonly [key: string, serialized: Buffer]> = [
  ['object', Buffer.from('O:5:"Money":2:{s:6:"amount";d:12.5;s:8:"\0*\0cents";i:50;}', 'latin1')],
  ['shared', Buffer.from('a:2:{i:0;O:1:"A":0:{}i:1;r:2;}')],
  ['unending', Buffer.from('d:INF;')],
  ['bytes-within', Buffer.from('a:1:{s:1:"b";s:2:"\u00FF\0";}', 'latin1')],
  ['map', Buffer.from('a:2:{s:1:"b";a:0:{}s:1:"a";b:1;}')],
];

const MANY = 30_000;

async function plant(place: Place): Promise<void> {
  await place.run(['put', 'text', 'žluť\n"two"', '--ttl', '1h']);
  await place.run(['put', 'digits', '42']);
  await place.run(['put', 'empty', '']);
  await place.run(['put', 'binary', '-'], { input: Buffer.from([0, 255, 10, 13]) });
  await place.run(['put', '--from', '-'], { input: '{"n":9007199254740993,"f":1.0,"list":[1,"2",null]}' });
  await place.run(['put', 'John', 'john', '--tags', 'people,artists', '--ttl', '1h']);
  for (const [key, bytes] of PLANTED) await place.plant(key, bytes);
}

type Line = Readonly<Record<string, unknown>>;

/** By key. */
function linesOf(file: string): readonly Line[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Line).toSorted((a, b) => (String(a.key) < String(b.key) ? -1 : 1));
}

/** Compare two exports of the same entries. A TTL that was stored again may end a second earlier or later. */
function expectSame(again: string, first: string): void {
  const [actual, expected] = [linesOf(again), linesOf(first)];
  expect(withoutExpiry(actual)).to.deep.equal(withoutExpiry(expected));
  for (const [index, { key, expires }] of expected.entries()) {
    if (expires === null) expect(actual[index]!.expires, String(key)).to.be.null;
    else expect(actual[index]!.expires, String(key)).to.be.closeTo(Number(expires), 2);
  }
}

function withoutExpiry(lines: readonly Line[]): readonly Line[] {
  return lines.map(({ expires: _, ...rest }) => rest);
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, at) => `{"key":"n:${at}","value":"value ${at}","expires":null}\n`).join('');
}

describe('export and import', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-transfer-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  onTwoStores((place, driver) => {
    it('restore undecodable values exactly', async () => {
      const file = path.join(folder, 'broken.ndjson');
      await place.run(['put', 'a', '1']);
      await place.plant('broken', Buffer.from('no:php;'));
      const exported = await place.run(['export', '-o', file]);
      expect(exported.err).to.equal(
        'exported 2 entries\n  1 entry could not be decoded and was transferred as stored bytes\n',
      );
      expect(linesOf(file)[1]).to.include({ key: 'broken', form: `${driver} php` });
      await place.run(['flush', '--yes']);
      expect(await place.run(['import', file])).to.include({ code: 0 });
      expect((await place.run(['get', 'broken', '--raw'])).out).to.equal('no:php;');
      const again = path.join(folder, 'again.ndjson');
      await place.run(['export', '-o', again]);
      expect(linesOf(again)).to.deep.equal(linesOf(file));
    });

    it('restore everything, with tags and TTLs', async () => {
      await plant(place);
      const file = path.join(folder, 'a.ndjson');
      const exported = await place.run(['export', '--output', file, '--json']);
      expect(exported, exported.err).to.include({ code: 0, err: '' });
      const tally = JSON.parse(exported.out) as Record<string, unknown>;
      expect(tally).to.include({ read: 13, written: 13, failed: 0, locks: 0 });
      expect(statSync(file).mode & 0o777).to.equal(0o600);
      await place.run(['flush', '--yes']);
      expect(await place.run(['import', file])).to.include({ code: 0, out: '', err: 'imported 13 entries\n' });
      const again = path.join(folder, 'b.ndjson');
      await place.run(['export', '--output', again]);
      expectSame(again, file);
      expect(linesOf(file).find(({ key }) => key === 'text')?.expires).to.be.closeTo(Date.now() / 1000 + 3600, 120);
      if (driver !== 'memcached') {
        expect((await place.run(['get', 'John', '--tags', 'people,artists'])).out).to.equal('john\n');
      }

      for (const [key, bytes] of PLANTED) {
        // Each store has its own form of an infinite float.
        if (key === 'unending') continue;
        const { outBytes } = await place.run(['get', key, '--raw']);
        // SQLite stores values with NUL bytes as base64.
        const stored = driver === 'sqlite' && bytes.includes(0) ? Buffer.from(bytes.toString('base64')) : bytes;
        expect(outBytes.toString('latin1')).to.equal(stored.toString('latin1'));
      }
    });

    it('leave out locks, and say so', async () => {
      await place.run(['put', 'a', '1']);
      await place.run(['lock:acquire', 'deploy', '--ttl', '10m']);
      const { out, err } = await place.run(['export']);
      expect(out).to.match(/^\{"key":"a",[^\n]*\n$/);
      const locks = place.lockStorage === 'separate' ? '' : '; left out: 1 lock';
      expect(err).to.equal(`exported 1 entry${locks}\n`);
    });

    it('count expired entries, and existing ones with --if-absent', async () => {
      await place.run(['put', 'there', 'kept']);
      const input = [
        '{"key":"old","value":1,"expires":1000}',
        '{"key":"there","value":"new"}',
        '{"key":"new","value":1}',
      ];
      const result = await place.run(['import', '-', '--if-absent'], { input: input.join('\n') });
      const err = 'imported 1 entry; left out: 1 expired, 1 already there\n';
      expect(result).to.include({ code: 0, out: '', err });
      expect((await place.run(['get', 'there', 'new', '--default', 'none'])).out).to.equal('there\tkept\nnew\t1\n');
    });

    it('name an invalid line, store the lines before it, and continue with --skip-bad', async () => {
      const input = `${numbered(2)}{"key":"k"}\n{"key":"n:2","value":1}\n`;
      const result = await place.run(['import', '-'], { input });
      expectFault(result, {
        code: 4,
        message: 'imported 2 entries, then line 3: it has no value',
        hint: 'docs/export.md',
      });
      expect((await place.run(['get', 'n:2'])).code).to.equal(1);
      const skipped = await place.run(['import', '-', '--skip-bad', '--json'], { input });
      expect(skipped.code).to.equal(4);
      expect(JSON.parse(skipped.out)).to.deep.include({
        written: 3,
        failed: 1,
        failures: [{ code: 'input', count: 1, first: 'line 3', message: 'it has no value' }],
      });
    });

    it('only check with --dry-run', async () => {
      const result = await place.run(['import', '-', '--dry-run'], { input: `${numbered(2)}oops\n` });
      expect(result.code).to.equal(4);
      expect(result.err).to.match(/^would import 2 entries; left out: 1 failed\n {2}failed: line 3: not JSON: /);
      expect((await place.run(['get', 'n:1'])).code).to.equal(1);
    });

    it('resume after a kill, with the same result', async function () {
      this.timeout(120_000);
      const file = path.join(folder, 'many.ndjson');
      const state = `${file}.import-state`;
      writeFileSync(file, numbered(MANY));
      const run = place.start(['import', file]);
      run.child.stdin.end();
      await until(() => existsSync(state) || run.child.exitCode !== null);
      run.child.kill('SIGKILL');
      await run.ended;
      const result = await place.run(['import', file, '--resume', '--json']);
      expect(result, result.err).to.include({ code: 0, err: '' });
      expect(JSON.parse(result.out)).to.include({ read: MANY, written: MANY, failed: 0 });
      expect(existsSync(state)).to.equal(false);
      const exported = await place.run(['export', '--json', '--output', path.join(folder, 'all.ndjson')]);
      expect(JSON.parse(exported.out)).to.include({ written: MANY });
      expectSame(path.join(folder, 'all.ndjson'), file);
    });
  });
});

describe('limits of import', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-transfer-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  const place = sqlitePlace();

  it('counts entries that another form of store cannot take, and stores the rest', async () => {
    await place.run(['put', 'a', '1']);
    await place.plant('broken', Buffer.from('no:php;'));
    const file = path.join(folder, 'a.ndjson');
    const exported = await place.run(['export', '-o', file]);
    expect(exported).to.include({ code: 0 });
    expect(exported.err).to.equal(
      'exported 2 entries\n  1 entry could not be decoded and was transferred as stored bytes\n',
    );
    expect(linesOf(file)[1]).to.deep.equal({
      key: 'broken',
      stored: Buffer.from('no:php;').toString('base64'),
      form: 'sqlite php',
      expires: linesOf(file)[1]!.expires,
    });
    await place.run(['flush', '--yes']);
    await place.run(['import', file]);
    expect((await place.run(['get', 'broken', '--raw'])).out).to.equal('no:php;');
    const foreign = readFileSync(file, 'utf8').replace('sqlite php', 'redis php');
    const result = await place.run(['import', '-', '--json'], { input: foreign });
    expect(result.code).to.equal(4);
    expect(JSON.parse(result.out)).to.include({ written: 1, failed: 1 });
  });

  it('prints each reason for failures, also if it ends part-way', async () => {
    const bad = ['{"key":"a","stored":"AA==","form":"x"}', '{"key":"b","stored":"AA==","form":"x"}'];
    const input = [...bad, '{"key":"c","value":1}', '{"key":"d"}', '{"key":"e","value":1,"ttl":0}'].join('\n');
    const reason = '  failed: a: stored bytes of the form "x" go into such a store only, and not "sqlite php"';
    const ended = await place.run(['import', '-'], { input });
    const lines = [
      `${reason}, and 1 more like it`,
      'error: imported 1 entry (left out: 2 failed), then line 4: it has no value',
    ];
    expect(ended).to.include({ code: 4, out: '' });
    expect(ended.err.split('\n').slice(0, 2)).to.deep.equal(lines);
    const skipped = await place.run(['import', '-', '--skip-bad'], { input });
    expect(skipped).to.include({ code: 4, out: '' });
    expect(skipped.err.trimEnd().split('\n')).to.deep.equal([
      'imported 1 entry; left out: 4 failed',
      lines[0],
      '  failed: line 4: it has no value',
      '  failed: line 5: a TTL of 0 stores nothing',
    ]);
  });

  it('says what to do with a compressed file', async () => {
    const file = path.join(folder, 'a.ndjson.gz');
    writeFileSync(file, gzipSync(numbered(3)));
    expectFault(await place.run(['import', file]), {
      code: 2,
      message: 'line 1: it is compressed with gzip',
      hint: 'zcat',
    });
  });

  it('resumes with the same target and input only', async () => {
    const file = path.join(folder, 'a.ndjson');
    const state = `${file}.import-state`;
    writeFileSync(file, numbered(3));
    writeFileSync(state, '{}');
    const hint = 'Import without --resume';
    expectFault(await place.run(['import', file, '--resume']), {
      code: 2,
      message: 'is not the state of an import',
      hint,
    });
    expectFault(await place.run(['import', '-', '--resume']), {
      code: 2,
      message: '--resume does not work with standard input',
    });
    expect(await place.run(['import', file])).to.include({ code: 0 });
  });

  it('forgets the position of an earlier import as soon as another begins', async () => {
    const file = path.join(folder, 'a.ndjson');
    const state = `${file}.import-state`;
    writeFileSync(file, `${numbered(3)}oops\n`);
    expect(await place.run(['import', file])).to.include({ code: 4 });
    writeFileSync(file, numbered(3));
    writeFileSync(state, 'of an earlier one');
    // No entry was acknowledged, so this import leaves no state.
    const lost = `sqlite://${folder}/no/such/a.sqlite`;
    mkdirSync(path.join(folder, 'no'));
    writeFileSync(path.join(folder, 'no', 'such'), '');
    expect(await cachectl(['import', file, '--url', lost])).to.include({ code: 3 });
    expect(existsSync(state)).to.equal(false);
    expect(await place.run(['import', file, '--resume'])).to.include({ code: 0, err: 'imported 3 entries\n' });
  });

  it('replaces a file in full or not at all', async () => {
    await place.run(['put', '--from', '-'], { input: numbered(5).replaceAll(',"expires":null', '') });
    const file = path.join(folder, 'a.ndjson');
    writeFileSync(file, 'before');
    await place.plant('x', Buffer.from('s:1:"x";'));
    const run = place.start(['export', 'nothing*', '--output', path.join(folder, 'no', 'such')]);
    expectFault(await run.ended, { code: 2, message: /^cannot write .*: no such file or folder$/ });
    expect(readFileSync(file, 'utf8')).to.equal('before');
    expect(await place.run(['export', '--output', file])).to.include({ code: 0 });
    expect(linesOf(file)).to.have.lengthOf(6);
    expect(readdirSync(folder)).to.deep.equal(['a.ndjson']);
  });

  it('ends when its reader leaves', async () => {
    await place.run(['import', '-'], { input: numbered(MANY) });
    const run = place.start(['export']);
    await run.saw('\n');
    run.child.stdout.destroy();
    expect(await run.ended).to.include({ code: 0, err: '' });
  });

  it('reports how far it came when interrupted', async () => {
    const run = place.start(['import', '-']);
    run.child.stdin.write(numbered(3));
    await until(async () => (await place.run(['get', 'n:2'])).code === 0);
    run.child.kill('SIGINT');
    const result = await run.ended;
    expectFault(result, { code: 130, message: 'interrupted: imported 3 entries so far' });
    expect(reportedCount('imported', result)).to.equal(3);
  });

  for (const [args, message] of [
    [['import', 'none.ndjson'], 'cannot read none.ndjson: no such file or folder'],
    [['import', '/'], 'cannot read /: it is a folder'],
    [['copy'], 'missing flag --to or --to-url'],
    [['import', '-', '--ttl', '0'], 'a TTL of 0 stores nothing'],
  ] as const) {
    it(`refuses ${args.join(' ')}`, async () => {
      expectFault(await place.run(args), { code: 2, message });
    });
  }
});

describe('copy', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-transfer-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  const places: Readonly<Record<string, () => Place>> = {
    SQLite: sqlitePlace,
    Redis: redisPlace,
    Memcached: memcachedPlace,
    MongoDB: mongodbPlace,
  };

  for (const [name, place] of Object.entries(places)) {
    describe(`from ${name} to SQLite and back`, () => {
      const source = place();

      it('restores the same entries', async () => {
        await plant(source);
        const [before, after] = ['before', 'after'].map((each) => path.join(folder, each));
        await source.run(['export', '--output', before!]);
        const other = `sqlite://${folder}/other.sqlite?prefix=o-`;
        expect(await source.run(['copy', '--to-url', other])).to.deep.include({ code: 0, out: '' });
        await source.run(['flush', '--yes']);
        const back = await copyBack(source, other);
        expect(back).to.include({ code: 0, out: '' });
        expect(back.err).to.match(/^copied 13 entries\n/);
        await source.run(['export', '--output', after!]);
        expectSame(after!, before!);
      });
    });
  }

  describe('within a store', () => {
    const source = redisPlace();

    it('copies to another prefix byte for byte, without reading its own writes', async () => {
      await source.plant('broken', Buffer.from('no:php;'));
      await source.run(['put', 'John', 'john', '--tags', 'people']);
      const to = (prefix: string) => source.url().replace(/prefix=shop-cache-/, `prefix=${prefix}`);
      expect(await source.run(['copy', '--to-url', to('other-')])).to.include({ code: 0, err: 'copied 2 entries\n' });
      expect((await cachectl(['get', 'broken', '--raw', '--url', to('other-')])).out).to.equal('no:php;');
      expect((await cachectl(['get', 'John', '--tags', 'people', '--url', to('other-')])).out).to.equal('john\n');
      const onto = await source.run(['copy', '--to-url', to('shop-cache-')]);
      expectFault(onto, { code: 2, message: 'would be copied onto itself' });
      const into = await source.run(['copy', '--to-url', to('shop-cache-2-')]);
      expectFault(into, { code: 2, message: 'so the copies would be copied again' });
    });
  });

  it('prints no summary if the entries go to standard output', async () => {
    const { code, out } = await cachectl(['export', '--json', '--url', `sqlite://${folder}/a.sqlite`]);
    expect(code).to.equal(2);
    expect(out).to.include('Add --output FILE for a JSON summary');
  });

  it('asks before it writes to a protected profile', async () => {
    const config = path.join(folder, 'cachectl.yaml');
    writeFileSync(
      config,
      `profiles:
  a: { driver: sqlite, path: ./a.sqlite }
  b: { driver: sqlite, path: ./b.sqlite, protected: true }
`,
    );
    const run = async (...args: string[]) => cachectl([...args, '--config', config]);
    await run('put', 'k', 'v', '-p', 'a');
    const copy = ['copy', '-p', 'a', '--to', 'b'];
    expectFault(await run(...copy), {
      code: 2,
      message: 'there is no terminal to confirm on',
      hint: '--yes --confirm b',
    });
    expect(await run(...copy, '--dry-run')).to.include({ code: 0, err: 'would copy 1 entry\n' });
    expect((await run('get', 'k', '-p', 'b')).code).to.equal(1);
    expect(await run(...copy, '--yes', '--confirm', 'b')).to.include({ code: 0 });
    expect((await run('get', 'k', '-p', 'b')).out).to.equal('v\n');
  });
});

async function copyBack(source: Place, url: string) {
  return cachectl(['copy', '--url', url, '--to-url', source.url()]);
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
