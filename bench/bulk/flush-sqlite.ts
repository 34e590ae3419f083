import path from 'node:path';

import type { Measurement, Scale } from '../measurement.js';

import { cachectl, type Run } from '../peak-memory.js';
import { inFolder } from '../servers.js';
import { compared, memory, OTHERS, PREFIX, shell, short } from './compare.js';
import { seedSqlite, seedTaggedSqlite, sqliteUrl } from './seed-sqlite.js';

const TAG = 'people';

/** Sorts after every key under the prefix. */
const BEYOND = PREFIX.replace(/-$/, '.');

/** `flush` and `tags:flush` of a table, compared with the sqlite3 shell. */
export async function* measureSqlite({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const flushes = `flush, ${short(entries)} of ${short(2 * entries)} rows, SQLite`;
  const flushed = await inFile(async (file) => {
    await seedSqlite(file, [PREFIX, OTHERS], entries);
    return removing(['flush'], file, entries);
  });
  const deleted = await inFile(async (file) => {
    await seedSqlite(file, [PREFIX, OTHERS], entries);
    return shellDelete(file, `DELETE FROM cache WHERE key >= '${PREFIX}' AND key < '${BEYOND}'`);
  });
  yield compared(flushes, flushed, { name: 'sqlite3, DELETE of the range', seconds: deleted });
  yield memory(
    flushes,
    flushed,
    await inFile(async (file) => {
      await seedSqlite(file, [PREFIX], many);
      return removing(['flush'], file, many);
    }),
  );

  const tagFlushes = `tags:flush, ${short(entries)} entries, SQLite`;
  const tagFlushed = await inFile(async (file) => {
    await seedTaggedSqlite(file, PREFIX, TAG, entries);
    return removing(['tags:flush', TAG], file, entries);
  });
  const tagDeleted = await inFile(async (file) => {
    await seedTaggedSqlite(file, PREFIX, TAG, entries);
    const tag = `tag = '${PREFIX}${TAG}'`;
    return shellDelete(
      file,
      `BEGIN; DELETE FROM cache WHERE key IN (SELECT key FROM cachectl_tags WHERE ${tag}); DELETE FROM cachectl_tags WHERE ${tag}; COMMIT`,
    );
  });
  yield compared(tagFlushes, tagFlushed, { name: 'sqlite3, DELETE of what the tag lists', seconds: tagDeleted });
  yield memory(
    tagFlushes,
    tagFlushed,
    await inFile(async (file) => {
      await seedTaggedSqlite(file, PREFIX, TAG, many);
      return removing(['tags:flush', TAG], file, many);
    }),
  );
}

async function inFile<T>(work: (file: string) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => work(path.join(folder, 'cache.sqlite')));
}

async function shellDelete(file: string, sql: string): Promise<number | undefined> {
  return shell(`sqlite3 '${file}' "${sql}"`, 'sqlite3');
}

async function removing(command: readonly string[], file: string, entries: number): Promise<Run> {
  const run = await cachectl([...command, '--yes', '--json', '--url', sqliteUrl(file, PREFIX)]);
  const { removed } = JSON.parse(run.out) as { removed: number };
  if (removed !== entries) throw new Error(`${command.join(' ')} removed ${removed}, not ${entries}`);
  return run;
}
