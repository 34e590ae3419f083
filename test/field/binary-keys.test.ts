import { expect } from 'chai';
import { readFileSync } from 'node:fs';

import type { Result } from '../support/cli.js';

import { until } from '../../src/testing/suite/stores.js';
import { onStoresOfBytes } from '../support/byte-keys.js';
import { cachectl, start } from '../support/cli.js';
import { startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

/** Keys as an application writes them (`raw` hashes, Latin-1), and how they are printed. */
const KEYS: ReadonlyArray<readonly [bytes: Buffer, printed: string]> = [
  [Buffer.from('caf\u00E9', 'latin1'), String.raw`caf\xe9`],
  [Buffer.from('caf\u00E8', 'latin1'), String.raw`caf\xe8`],
  [Buffer.from('bin\u00FF\u00FE', 'latin1'), String.raw`bin\xff\xfe`],
  [Buffer.from('cut\u00E2\u0082', 'latin1'), String.raw`cut\xe2\x82`],
  [Buffer.from('good'), 'good'],
  [Buffer.from('žluť'), 'žluť'],
  [Buffer.from(String.raw`App\Models\User`), String.raw`App\Models\User`],
  [Buffer.from(String.raw`looks\xe9so`), String.raw`looks\\xe9so`],
];
const PRINTED = KEYS.map(([, printed]) => printed).toSorted();
const PREFIX = Buffer.from('app-');

describe('keys that are not valid UTF-8', () => {
  onStoresOfBytes((place, driver) => {
    const run = async (...args: readonly string[]): Promise<Result> => cachectl([...args, '--url', place.url()]);
    const printedKeys = async (...args: readonly string[]): Promise<string[]> => lines(await run('keys', ...args));
    const held = async (): Promise<string[]> => hexOf(await place.held());

    const plant = async (): Promise<void> =>
      place.plant(
        KEYS.map(([bytes]) => Buffer.concat([PREFIX, bytes])),
        'x',
      );

    it('are listed, counted and read, and every printed key is accepted again', async () => {
      await plant();
      expect(await printedKeys()).to.deep.equal(PRINTED);
      expect((await run('keys', '--count')).out).to.equal(`${KEYS.length}\n`);
      expect((await run('keys', 'caf*', '--count')).out).to.equal('2\n');
      const json = JSON.parse((await run('keys', '--json')).out) as Array<{ key: string }>;
      expect(json.map(({ key }) => key).toSorted()).to.deep.equal(PRINTED);
      const long = lines(await run('keys', '--long'));
      expect(long.map((line) => line.split('\t').slice(0, 2))).to.deep.equal(PRINTED.map((key) => [key, 'string']));
      const tree = await run('keys', '--tree');
      expect(lines(tree).map((line) => line.split('\t')[0])).to.deep.equal(PRINTED);
      const got = await run('get', ...PRINTED);
      expect(got, got.err).to.include({ code: 0, out: PRINTED.map((key) => `${key}\tx\n`).join('') });
      const sample = JSON.parse((await run('stats', '--sample', '--json')).out) as { sample: { entries: number } };
      expect(sample.sample.entries).to.equal(KEYS.length);
      const inspected = JSON.parse((await run('inspect', String.raw`caf\xe9`, '--json')).out) as object;
      expect(inspected).to.include({ key: String.raw`caf\xe9`, hit: true, value: 'x' });
      const { findings } = JSON.parse((await run('doctor', '--json')).out) as {
        findings: ReadonlyArray<{ subject: string; message: string }>;
      };
      expect(findings.find(({ subject }) => subject === 'contents')?.message).to.match(/^\d entries read/);
    });

    it('match globs: a question mark is such a byte, or a character', async () => {
      await plant();
      expect(await printedKeys('caf?')).to.deep.equal([String.raw`caf\xe8`, String.raw`caf\xe9`]);
      expect(await printedKeys(String.raw`caf\xe9`)).to.deep.equal([String.raw`caf\xe9`]);
      expect(await printedKeys(String.raw`*[\xe9-\xff]`)).to.deep.equal([String.raw`bin\xff\xfe`, String.raw`caf\xe9`]);
      expect(await printedKeys(String.raw`\xc5\xbelu*`)).to.deep.equal(['žluť']);
      expect(await printedKeys('žlu?')).to.deep.equal(['žluť']);
      // The first byte of ž alone does not begin the text ž.
      expect(await printedKeys(String.raw`\xc5*`)).to.deep.equal([]);
      expect((await run('keys', String.raw`\xc5*`, '--count')).out).to.equal('0\n');
    });

    it('are written, touched, counted, pulled and forgotten exactly', async () => {
      const [key, other] = [String.raw`n\xe9`, String.raw`n\xe8`];
      expect((await run('put', key, 'one')).code).to.equal(0);
      expect((await run('add', key, 'two')).code).to.equal(1);
      expect((await run('get', other)).code).to.equal(1);
      expect(await held()).to.deep.equal(hexOf([Buffer.from('app-n\u00E9', 'latin1')]));
      expect((await run('touch', key, '--ttl', '1h')).out).to.equal(`${key}\ttouched\n`);
      expect((await run('pull', key)).out).to.equal('one\n');
      expect((await run('increment', key)).out).to.equal('1\n');
      expect(await run('forget', other)).to.include({ code: 1, out: `${other}\twas not there\n` });
      expect(await run('forget', key)).to.include({ code: 0, out: `${key}\tforgotten\n` });
      expect(await held()).to.deep.equal([]);
      const printed = await run('remember', key, '--ttl', '1h', '--', 'printf', 'made');
      expect(printed, printed.err).to.include({ code: 0, out: 'made' });
      expect((await run('remember', key, '--ttl', '1h', '--', 'false')).out).to.equal('made');
    });

    it('are exported, imported and copied exactly', async () => {
      await plant();
      const before = await held();
      const file = `${scratchFolder('byte-export')}/export.ndjson`;
      const exported = await run('export', '--output', file);
      expect(exported, exported.err).to.include({ code: 0 });
      expect(exported.err).to.include(`exported ${KEYS.length} entries`);
      expect(readFileSync(file, 'utf8')).to.include('{"key64":"Y2Fm6Q==","value":"x",');
      expect((await run('forget', ...PRINTED)).code).to.equal(0);
      expect(await held()).to.deep.equal([]);
      const imported = await run('import', file);
      expect(imported, imported.err).to.include({ code: 0 });
      expect(await held()).to.deep.equal(before);
      const copied = await run('copy', '--to-url', place.secondUrl());
      expect(copied, copied.err).to.include({ code: 0 });
      const there = await cachectl(['keys', '--url', place.secondUrl()]);
      expect(lines(there)).to.deep.equal(PRINTED);
    });

    it('are flushed by a matching glob only', async () => {
      await plant();
      const dry = await run('flush', '--pattern', String.raw`caf\xe9`, '--dry-run');
      expect(dry.out)
        .to.include(String.raw`caf\xe9`)
        .and.not.include(String.raw`caf\xe8`);
      const one = await run('flush', '--pattern', String.raw`caf\xe9`, '--yes');
      expect(one.out, one.err).to.match(/^removed 1 entry/);
      expect(await printedKeys()).to.deep.equal(PRINTED.filter((key) => key !== String.raw`caf\xe9`));
      const rest = await run('flush', '--pattern', '*', '--yes');
      expect(rest.out, rest.err).to.match(/^removed 7 entries/);
      expect(await held()).to.deep.equal([]);
    });

    it('work as tags', async () => {
      const tag = String.raw`t\xe9`;
      expect((await run('put', String.raw`k\xe9`, 'v', '--tags', `${tag},u`)).code).to.equal(0);
      expect((await run('get', String.raw`k\xe9`, '--tags', `${tag},u`)).out).to.equal('v\n');
      expect((await run('get', String.raw`k\xe9`, '--tags', String.raw`t\xe8,u`)).code).to.equal(1);
      expect(lines(await run('tags:list')).map((line) => line.split('\t')[0])).to.deep.equal([tag, 'u']);
      if (driver !== 'memcached') {
        const shown = JSON.parse((await run('tags:show', tag, '--json')).out) as object[];
        expect(shown).to.have.lengthOf(1);
        expect(shown[0]).to.deep.include({ key: String.raw`k\xe9`, tags: [tag, 'u'] });
        const lineOf = (await run('export')).out;
        expect(JSON.parse(lineOf)).to.deep.include({ key64: 'a+k=', tags64: ['dOk=', 'dQ=='] });
      }

      expect((await run('tags:flush', tag, '--yes')).code).to.equal(0);
      expect((await run('get', String.raw`k\xe9`, '--tags', `${tag},u`)).code).to.equal(1);
    });

    it('work as lock names', async () => {
      const name = String.raw`deploy\xe9`;
      const taken = await run('lock:acquire', name, '--ttl', '1h', '--owner', String.raw`ann\xe9`);
      expect(taken, taken.err).to.include({ code: 0, out: `${String.raw`ann\xe9`}\n` });
      expect((await run('lock:acquire', name, '--ttl', '1h')).err).to.include(String.raw`held by ann\xe9`);
      expect((await run('lock:acquire', String.raw`deploy\xe8`, '--ttl', '1h')).code).to.equal(0);
      const listed = lines(await run('lock:list', String.raw`deploy\xe9`, '--include', 'deploy*'));
      expect(listed.map((line) => line.split('\t').slice(0, 2))).to.deep.equal([[name, String.raw`ann\xe9`]]);
      expect((await run('lock:release', name, '--owner', String.raw`ann\xe8`)).code).to.equal(1);
      expect((await run('lock:release', name, '--owner', String.raw`ann\xe9`)).code).to.equal(0);
      const ran = await run('lock:run', name, '--', 'sh', '-c', 'printf "%s" "$CACHECTL_LOCK_NAME"');
      expect(ran, ran.err).to.include({ code: 0, out: name });
    });

    it('that Node cannot pass on are refused, with a form that works', async () => {
      for (const args of [
        ['get', 'caf\uFFFD'],
        ['forget', 'caf\uFFFD'],
        ['put', 'caf\uFFFD', 'v'],
        ['keys', 'caf\uFFFD*'],
        ['flush', '--pattern', '\uFFFD*', '--yes'],
        ['tags:flush', '\uFFFD', '--yes'],
        ['lock:release', '\uFFFD', '--force', '--yes'],
      ]) {
        const { code, err } = await run(...args);
        expect(code, args.join(' ')).to.equal(2);
        expect(err)
          .to.include('U+FFFD')
          .and.include(String.raw`Write each such byte as \xHH`);
      }

      // A key that really contains it has a printed form, too.
      const replacement = String.raw`caf\xef\xbf\xbd`;
      expect((await run('put', replacement, 'v')).code).to.equal(0);
      expect(await printedKeys()).to.deep.equal([replacement]);
    });

    it('appear in events:tail', async () => {
      await plant();
      const tail = start(['events:tail', '--json', '--url', place.url(), ...(driver === 'redis' ? ['--enable'] : [])]);
      try {
        await until(async () => {
          await run('put', String.raw`caf\xe9`, 'again');
          return tail.output().includes(String.raw`"key":"caf\\xe9"`);
        });
      } finally {
        tail.child.kill('SIGINT');
        await tail.ended;
      }
    });
  });

  it('appear in MONITOR with their clients', async function () {
    const redis = await startRedis(this);
    try {
      const url = `${redis.url}?prefix=app-`;
      const tail = start(['events:tail', '--json', '--source', 'monitor', '--enable', '--url', url]);
      await until(async () => {
        await redis.client.set(Buffer.from('app-caf\u00E9', 'latin1'), 's:1:"x";');
        return tail.output().includes(String.raw`"type":"KeyWritten","key":"caf\\xe9"`);
      });
      tail.child.kill('SIGINT');
      await tail.ended;
      const watch = start(['lock:watch', String.raw`lk\xe9`, '--json', '--url', url]);
      await until(async () => {
        await redis.client.set(Buffer.from('app-lk\u00E9', 'latin1'), 'ann', 'EX', 3600, 'NX');
        return watch.output().includes(String.raw`"name":"lk\\xe9","owner":"ann"`);
      });
      watch.child.kill('SIGINT');
      await watch.ended;
      const top = start(['top', '--json', '--source', 'monitor', '--enable', '--for', '60s', '--url', url]);
      await until(async () => String(await redis.client.client('LIST')).includes('flags=O'));
      await redis.client.get(Buffer.from('app-caf\u00E9', 'latin1'));
      top.child.kill('SIGINT');
      const { rows } = JSON.parse((await top.ended).out) as { rows: object[] };
      expect(rows).to.have.lengthOf(1);
      expect(rows[0]).to.include({ name: String.raw`caf\xe9`, events: 1 });
    } finally {
      await redis.stop();
    }
  });
});

function lines({ out }: Result): string[] {
  return out.split('\n').slice(0, -1).toSorted();
}

function hexOf(keys: readonly Buffer[]): string[] {
  return keys.map((key) => key.toString('hex')).toSorted();
}
