import type { Bench, Measurement, Scale } from '../measurement.js';

import { taggedKey } from '../../src/stores/tags/names.js';
import { percentile } from '../locks/processes.js';
import { cachectl, type Run } from '../peak-memory.js';
import { type BenchServer, withSqlServer } from '../sql-server.js';
import { compared, memory, OTHERS, PREFIX, shell, short } from './compare.js';
import { latencies } from './held-up.js';

const TAG = 'people';
const HEAD = `${PREFIX}${taggedKey([TAG], 'users:')}`;

export const measureMysql: Bench = (scale) => measureSql('mysql', scale);
export const measurePostgres: Bench = (scale) => measureSql('postgres', scale);

/** `flush` and `tags:flush` of a table, compared with one DELETE, and what another writer waits meanwhile. */
async function* measureSql(driver: BenchServer['driver'], { entries, many }: Scale): AsyncGenerator<Measurement> {
  const name = driver === 'mysql' ? 'MySQL' : 'PostgreSQL';
  const flushes = `flush, ${short(entries)} of ${short(2 * entries)} rows, ${name}`;
  const { ours, theirs, during } = await withSqlServer(driver, async (server) => {
    const remove = `DELETE FROM cache WHERE ${server.key} LIKE '${PREFIX}%'`;
    await server.fill(`${OTHERS}users:`, entries);
    const refill = async (): Promise<void> => {
      await server.run(remove);
      await server.fill(`${PREFIX}users:`, entries);
    };

    await refill();
    const run = await removing(server, ['flush'], entries);
    await refill();
    const seconds = await shell(server.command(remove), server.program);
    await refill();
    const flushing = await waits(server, entries, async () => flush(server, ['flush']));
    await refill();
    const deleting = await waits(server, entries, async () => server.run(remove));
    return { ours: run, theirs: seconds, during: { flushing, deleting } };
  });
  yield compared(flushes, ours, { name: 'one DELETE', seconds: theirs });
  yield {
    what: `${flushes}: another writer's wait`,
    measured: during.flushing,
    budget: '-',
    peer: `one DELETE: ${during.deleting}`,
  };
  yield memory(
    flushes,
    ours,
    await withSqlServer(driver, async (server) => {
      await server.fill(`${PREFIX}users:`, many);
      return removing(server, ['flush'], many);
    }),
  );

  const tagFlushes = `tags:flush, ${short(entries)} entries, ${name}`;
  const tagged = await withSqlServer(driver, async (server) => {
    await fillTagged(server, entries);
    const run = await removing(server, ['tags:flush', TAG], entries);
    await fillTagged(server, entries);
    const isTag = `tag = '${PREFIX}${TAG}'`;
    const { key } = server;
    const line = server.command(
      `BEGIN; DELETE FROM cache WHERE ${key} IN (SELECT ${key} FROM cachectl_tags WHERE ${isTag}); DELETE FROM cachectl_tags WHERE ${isTag}; COMMIT`,
    );
    return { ours: run, seconds: await shell(line, server.program) };
  });
  yield compared(tagFlushes, tagged.ours, { name: 'DELETE of what the tag lists', seconds: tagged.seconds });
  yield memory(
    tagFlushes,
    tagged.ours,
    await withSqlServer(driver, async (server) => {
      await fillTagged(server, many);
      return removing(server, ['tags:flush', TAG], many);
    }),
  );
}

async function fillTagged(server: BenchServer, entries: number): Promise<void> {
  await server.fill(HEAD, entries);
  await server.run(`INSERT INTO cachectl_tags (tag, ${server.key}) SELECT '${PREFIX}${TAG}', ${server.key} FROM cache`);
  await server.analyze('cachectl_tags');
}

async function flush({ url }: BenchServer, command: readonly string[]): Promise<Run> {
  return cachectl([...command, '--yes', '--json', '--url', url]);
}

async function removing(server: BenchServer, command: readonly string[], entries: number): Promise<Run> {
  const run = await flush(server, command);
  const { removed } = JSON.parse(run.out) as { removed: number };
  if (removed !== entries) throw new Error(`${command.join(' ')} removed ${removed}, not ${entries}`);
  return run;
}

/** How long another client waits for each upsert of an entry that may be about to be removed. */
async function waits({ sql, connection }: BenchServer, entries: number, work: () => Promise<unknown>): Promise<string> {
  const session = await sql.server(connection).connect(3_600_000);
  const table = sql.dialect.identifier('cache');
  const value = Buffer.from('i:1;');
  const upsert = async (): Promise<unknown> => {
    const key = `${PREFIX}users:${Math.ceil(Math.random() * entries)}:profile`;
    return session.run(sql.dialect.upsert(table, [{ key: Buffer.from(key), value, seconds: 86_400 }]));
  };

  try {
    const sorted = await latencies(upsert, work());
    return `${milliseconds(sorted.at(-1)!)} at most, p99 ${milliseconds(percentile(sorted, 0.99))}`;
  } finally {
    await session.close();
  }
}

function milliseconds(time: number): string {
  return `${time.toFixed(0)} ms`;
}
