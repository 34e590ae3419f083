import { expect } from 'chai';
import { renameSync, rmSync, writeFileSync } from 'node:fs';

import type { CacheEvent, EventStream } from '../../../src/stores/contract/events.js';

import { PartialError, RefusedError } from '../../../src/errors.js';
import { DroppingQueue } from '../../../src/stores/events/queue.js';
import { all, failure, until } from '../../../src/testing/suite/stores.js';
import { Worker } from '../../../src/testing/worker-process.js';
import { Database } from '../../support/database.js';
import { eventsBeforeEnd, lines, TailedFile } from '../../support/sqlite-tail.js';

const CACHE = 'CREATE TABLE cache (key varchar not null primary key, value text not null, expiration integer not null)';

/** Reads a stream to its end in the background. */
function gather(stream: EventStream): { readonly events: CacheEvent[]; readonly over: Promise<void> } {
  const events: CacheEvent[] = [];
  const read = async (): Promise<void> => {
    for await (const event of stream) events.push(event);
  };

  return { events, over: read() };
}

/** The capacity of an event queue. */
function roomOfAQueue(): number {
  const queue = new DroppingQueue<number>();
  let room = 0;
  for (queue.push(room); queue.dropped === 0; room++) queue.push(room);
  return room;
}

for (const journal of ['wal', 'delete'] as const) {
  describe(`sqlite: a tail that is disturbed, in journal mode ${journal}`, () => {
    let file: TailedFile;
    let schema: unknown[];
    let missed: string[];

    beforeEach(() => {
      file = new TailedFile(journal);
      schema = file.schema();
      missed = [];
    });

    afterEach(async () => file.close());

    async function tail() {
      return file.tail({ onMissed: ({ text }) => missed.push(text) });
    }

    /** Write until the last write is reported, and nothing after it. */
    async function isHeardAgain(events: readonly CacheEvent[]): Promise<void> {
      await until(() => {
        file.put('again');
        return events.some(({ key }) => key === 'again');
      });
    }

    for (const [why, sql] of [
      ['this process was stopped for too long', 'UPDATE cachectl_tails SET lease = 0'],
      ['a table was dropped or replaced', `DROP TABLE cache; ${CACHE}`],
      ['a table was dropped or replaced', 'DROP TABLE cache_locks'],
      [
        'a table was dropped or replaced',
        `${CACHE.replace('cache', 'new')}; INSERT INTO new SELECT * FROM cache; DROP TABLE cache; ALTER TABLE new RENAME TO cache`,
      ],
      ['this process was stopped for too long', 'DROP TABLE cachectl_tails'],
    ] as const) {
      it(`continues after a gap, and reports its time: ${why} (${sql})`, async () => {
        const { stream, end } = await tail();
        const { events, over } = gather(stream);
        const another = new Database(file.path);
        another.exec(`BEGIN; ${sql}; COMMIT`);
        another.close();
        await until(() => missed.length > 0);
        await isHeardAgain(events);
        expect(missed).to.have.lengthOf(1);
        expect(missed[0]).to.match(
          /^the tail of \S+ was interrupted: .*; events from \S+Z to \S+Z may have been missed$/,
        );
        expect(missed[0]).to.include(why);
        const [from, to] = [...missed[0]!.matchAll(/\d{4}-\S+Z/g)].map(([time]) => Date.parse(time));
        expect(from).to.be.at.most(to!);
        end();
        await over;
        expect(file.schema().filter((row) => JSON.stringify(row).includes('cachectl'))).to.deep.equal([]);
      });
    }

    it('creates no table that the application is about to create, and reports the gap at the end', async () => {
      const { stream, end } = await tail();
      const { over } = gather(stream);
      file.shell.exec('DROP TABLE cache');
      await until(() => !file.schema().some((row) => JSON.stringify(row).includes('cachectl')));
      expect(missed).to.deep.equal([]);
      file.shell.exec(CACHE);
      file.shell.exec('DROP TABLE cache');
      await until(() => !file.schema().some((row) => JSON.stringify(row).includes('cachectl')));
      end();
      await over;
      expect(missed).to.have.lengthOf(1);
      expect(missed[0]).to.include('a table was dropped');
    });

    it('reports what was recorded before the gap', async () => {
      const { stream, end } = await tail();
      file.shell.exec(`
        BEGIN;
        INSERT INTO cache VALUES ('app-a', 'i:1;', unixepoch() + 60);
        UPDATE cachectl_tails SET lease = 0;
        COMMIT
      `);
      const { events, over } = gather(stream);
      await isHeardAgain(events);
      end();
      await over;
      expect(lines(events)[0]).to.equal('KeyWritten a');
      expect(missed).to.have.lengthOf(1);
    });

    it('finds a file that replaced the one it read', async () => {
      const { stream, end } = await tail();
      const { events, over } = gather(stream);
      const other = new TailedFile(journal);
      const before = other.schema();
      other.shell.close();
      file.shell.close();
      for (const rest of ['-wal', '-shm']) rmSync(file.path + rest, { force: true });
      const replacedAt = Date.now();
      renameSync(other.path, file.path);
      await until(() => missed.length > 0);
      expect(missed[0]).to.include('the file was removed or replaced');
      expect(Date.parse(/from (\S+Z)/.exec(missed[0]!)![1]!)).to.be.at.most(replacedAt);
      const shell = new Database(file.path);
      await until(() => {
        shell.exec(`REPLACE INTO cache VALUES ('app-again', 'i:1;', unixepoch() + 60)`);
        return events.some(({ key }) => key === 'again');
      });
      end();
      await over;
      shell.exec('DELETE FROM cache');
      expect(
        shell.prepare('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name').all(),
      ).to.deep.equal(before);
      shell.close();
      await other.close();
    });

    it('reports at its end a replaced file that it had not noticed', async () => {
      const { stream, end } = await tail();
      const { events, over } = gather(stream);
      await isHeardAgain(events);
      const copy = new TailedFile(journal);
      copy.shell.close();
      file.shell.close();
      for (const rest of ['-wal', '-shm']) rmSync(file.path + rest, { force: true });
      renameSync(copy.path, file.path);
      end();
      await over;
      expect(missed).to.have.lengthOf(1);
      expect(missed[0]).to.include('the file was removed or replaced');
      await copy.close();
    });

    it('ends with an error after a gap without a callback, and leaves nothing behind', async () => {
      const { stream } = await file.tail();
      const over = failure(all(stream));
      file.shell.exec('UPDATE cachectl_tails SET lease = 0');
      expect(await over).to.be.instanceOf(PartialError);
      expect(file.schema()).to.deep.equal(schema);
    });

    it('ends with an error if the file is no longer a database', async () => {
      const { stream } = await tail();
      const over = failure(all(stream));
      file.shell.close();
      for (const rest of ['-wal', '-shm']) rmSync(file.path + rest, { force: true });
      rmSync(file.path);
      writeFileSync(file.path, 'no database, as long as it may be '.repeat(100));
      expect(await over).to.be.instanceOf(RefusedError);
    });

    it('misses nothing while another program writes for long', async () => {
      const { stream } = await tail();
      const reading = eventsBeforeEnd(stream);
      file.shell.exec('BEGIN IMMEDIATE');
      file.put('a');
      // Some polls fail meanwhile: a poll waits for up to 100 ms.
      await new Promise((resolve) => {
        setTimeout(resolve, 400);
      });
      file.put('end');
      file.shell.exec('COMMIT');
      expect(lines(await reading)).to.deep.equal(['KeyWritten a']);
      expect(missed).to.deep.equal([]);
    });
  });

  describe(`sqlite: a tail that was killed, in journal mode ${journal}`, () => {
    let file: TailedFile;

    beforeEach(() => {
      file = new TailedFile(journal);
    });

    afterEach(async () => file.close());

    async function killed(): Promise<void> {
      const worker = new Worker(file.profile);
      await worker.ready();
      await worker.does({ job: 'tail' });
      await worker.kill();
    }

    it('is cleaned up by the next tail, which restores the schema', async () => {
      const schema = file.schema();
      await killed();
      await killed();
      expect(file.schema()).not.to.deep.equal(schema);
      const { stream, end } = await file.tail();
      file.put('end');
      expect(lines(await eventsBeforeEnd(stream))).to.deep.equal([]);
      end();
      expect(file.schema()).to.deep.equal(schema);
    });

    it('is cleaned up by the next writer, which keeps running tails', async () => {
      const schema = file.schema();
      const { stream, end } = await file.tail();
      await killed();
      await file.open().forget(['nothing']);
      file.put('end');
      expect(lines(await eventsBeforeEnd(stream))).to.deep.equal([]);
      end();
      expect(file.schema()).to.deep.equal(schema);
    });

    it('no longer grows the file when its lease has ended', async () => {
      await killed();
      const { id } = file.shell.prepare('SELECT id FROM cachectl_tails').get() as { id: number };
      const pending = (): unknown => file.shell.prepare(`SELECT count(*) FROM cachectl_tail_${id}`).pluck().get();
      file.put('a');
      expect(pending()).to.equal(1);
      file.shell.exec('UPDATE cachectl_tails SET lease = unixepoch()');
      file.put('b');
      expect(pending()).to.equal(1);
    });
  });
}

describe('sqlite: a tail without a reader', () => {
  it('grows neither file nor memory: it drops and counts events', async () => {
    const room = roomOfAQueue();
    const file = new TailedFile('wal');
    try {
      const { stream, end } = await file.tail();
      const insert = file.shell.prepare(`REPLACE INTO cache VALUES (?, 'i:1;', unixepoch() + 600)`);
      const writeSome = file.shell.transaction((from: number, to: number) => {
        for (let number = from; number < to; number++) insert.run(`app-${number}`);
      });
      const more = 500;
      writeSome(0, room + more);
      const { id } = file.shell.prepare('SELECT id FROM cachectl_tails').get() as { id: number };
      const pending = file.shell.prepare(`SELECT count(*) FROM cachectl_tail_${id}`).pluck();
      await until(() => stream.dropped === more);
      // Removal of reported rows is deferred, so that it seldom blocks the application.
      await until(() => (pending.get() as number) < 5000);
      end();
      const events = await all(stream);
      expect(events.length).to.equal(room);
      expect(events.at(-1)?.key).to.equal(String(room - 1));
    } finally {
      await file.close();
    }
  });
});
