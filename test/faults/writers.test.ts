import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { until } from '../../src/testing/suite/stores.js';
import { cachectl, type Result, start } from '../support/cli.js';
import { Database } from '../support/database.js';
import { RUNS_ALL } from '../support/extent.js';
import { scratchFolder } from '../support/scratch.js';

const WRITERS = RUNS_ALL ? 32 : 8;
/** How often a command is killed. */
const KILLS = RUNS_ALL ? 20 : 2;
const ENTRIES = 100;
const MANY = 5000;

const line = (key: string): string => `{"key":"${key}","value":"${'x'.repeat(300)}"}\n`;
const lines = (count: number, prefix: string): string =>
  Array.from({ length: count }, (_, index) => line(`${prefix}${index}`)).join('');

interface Target {
  readonly url: string;
  /** Entries that are stored, read without cachectl. */
  stored(): number;
  expectSound(): void;
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  return all.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
}

const TARGETS: Readonly<Record<string, (folder: string) => Target>> = {
  SQLite(folder) {
    const file = path.join(folder, 'cache.sqlite');
    const asked = (work: (database: InstanceType<typeof Database>) => unknown): unknown => {
      const database = new Database(file);
      try {
        return work(database);
      } finally {
        database.close();
      }
    };

    return {
      url: `sqlite://${file}`,
      stored: () =>
        existsSync(file) && asked((it) => it.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'cache'`).get())
          ? Number(asked((it) => it.prepare('SELECT count(*) FROM cache').pluck().get()))
          : 0,
      expectSound: () => expect(asked((it) => it.pragma('integrity_check'))).to.equal('ok'),
    };
  },
  files(folder) {
    const root = path.join(folder, 'files');
    const named = (): string[] => filesBelow(root).filter((file) => /^[\da-f]{40}$/.test(path.basename(file)));
    return {
      url: `file://${root}`,
      stored: () => named().length,
      expectSound() {
        for (const file of named()) expect(readFileSync(file, 'latin1')).to.match(/^\d{10}(?:s:300:"x{300}";|i:\d+;)$/);
      },
    };
  },
};

for (const [name, targetIn] of Object.entries(TARGETS)) {
  describe(`many writers, and writers that are killed, on ${name}`, function () {
    this.timeout(600_000);
    let target: Target;
    let folder = '';
    const flush = name === 'files' ? ['flush', '--all', '--yes'] : ['flush', '--yes'];

    beforeEach(() => {
      folder = scratchFolder('writers');
      target = targetIn(folder);
    });

    const run = async (args: string[], input?: string): Promise<Result> =>
      cachectl([...args, '--url', target.url, '--timeout', '120s'], input === undefined ? {} : { input });

    it(`${WRITERS} at once: every entry is stored and every increment counts`, async () => {
      const results = await Promise.all(
        Array.from({ length: WRITERS }, async (_, index) =>
          index % 2 === 0 ? run(['increment', 'sum']) : run(['import', '-'], lines(ENTRIES, `w${index}-`)),
        ),
      );
      for (const { code, err } of results) expect(code, err).to.equal(0);
      expect((await run(['get', 'sum'])).out).to.equal(`${WRITERS / 2}\n`);
      expect(target.stored()).to.equal((WRITERS / 2) * ENTRIES + 1);
      target.expectSound();
    });

    it(`killed ${KILLS} times in an import and a flush: every entry is readable, and the next run completes`, async () => {
      const file = path.join(folder, 'many.ndjson');
      writeFileSync(file, lines(MANY, 'k'));
      for (let round = 0; round < KILLS; round++) {
        const writer = start(['import', file, '--url', target.url]);
        writer.child.stdin.end();
        const enough = Math.ceil((MANY * round) / KILLS / 2) + 1;
        await until(() => target.stored() >= enough || writer.child.exitCode !== null);
        writer.child.kill('SIGKILL');
        await writer.ended;
        await expectReadable();
        const eraser = start([...flush, '--url', target.url]);
        eraser.child.stdin.end();
        const before = target.stored();
        await until(() => target.stored() < before || eraser.child.exitCode !== null);
        eraser.child.kill('SIGKILL');
        await eraser.ended;
        await expectReadable();
      }

      expect((await run(['import', file])).code).to.equal(0);
      expect(target.stored()).to.equal(MANY);
      // What killed writers left behind, an hour later.
      if (name === 'files') for (const file of filesBelow(path.join(folder, 'files'))) utimesSync(file, 1, 1);
      expect((await run(flush)).code).to.equal(0);
      expect(target.stored()).to.equal(0);
      if (name === 'files') expect(filesBelow(path.join(folder, 'files'))).to.deep.equal([]);
    });

    if (RUNS_ALL && name === 'SQLite')
      it(`killed ${KILLS} times in tagged writes and a flush of the tag: the next flush finds every entry`, async () => {
        const file = path.join(folder, 'many.ndjson');
        writeFileSync(file, lines(MANY, 'k'));
        for (let round = 0; round < KILLS; round++) {
          const words = round % 2 === 0 ? ['put', '--from', file, '--tags', 'a,b'] : ['tags:flush', 'a', '--yes'];
          if (round % 2 === 1) await run(['put', '--from', file, '--tags', 'a,b']);
          const before = target.stored();
          const victim = start([...words, '--url', target.url]);
          victim.child.stdin.end();
          await until(() => target.stored() !== before || victim.child.exitCode !== null);
          victim.child.kill('SIGKILL');
          await victim.ended;
          expect((await run(['tags:flush', 'b', '--yes'])).code).to.equal(0);
          expect(target.stored()).to.equal(0);
          target.expectSound();
        }
      });

    async function expectReadable(): Promise<void> {
      target.expectSound();
      // Its files are named by hashes of their keys.
      if (name === 'files') return;
      const { code, out, err } = await run(['export']);
      expect(code, err).to.equal(0);
      const exported = out.split('\n').filter(Boolean);
      expect(exported).to.have.lengthOf(target.stored());
      for (const text of exported) expect((JSON.parse(text) as { value: string }).value).to.have.lengthOf(300);
    }
  });
}
