import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

import type { Measurement, Scale } from './measurement.js';

import { memory } from './bulk/compare.js';
import { cachectl, type Run } from './peak-memory.js';
import { inFolder, withRedis } from './servers.js';
import { type Files, written } from './transfer-files.js';

/** Laravel's table, as cachectl creates it. */
const SCHEMA = `CREATE TABLE cache ("key" varchar not null, "value" text not null, "expiration" integer not null, primary key ("key"));
CREATE INDEX cache_expiration_index ON cache ("expiration");`;

/** Import a file into Redis and SQLite, compared with their own tools. */
export async function* measureTransfer({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const taken: Array<Readonly<Record<'redis' | 'sqlite', Run>>> = [];
  for (const count of [entries, many]) {
    const rows = await inFolder(async (folder) => {
      const files = written(folder, count);
      return { redis: await ofRedis(files), sqlite: await ofSqlite(folder, files) };
    });
    taken.push({ redis: rows.redis.ours, sqlite: rows.sqlite.ours });
    if (count !== entries) continue;
    const what = `of ${count.toLocaleString('en-US')} entries`;
    yield row(`import ${what}, Redis`, {
      ours: rows.redis.ours,
      peer: rows.redis.pipe,
      name: 'redis-cli --pipe',
      budget: 1.5,
    });
    yield row(`import ${what}, SQLite`, {
      ours: rows.sqlite.ours,
      peer: rows.sqlite.shell,
      name: 'sqlite3 .import',
      budget: 1,
    });
  }

  const [some, more] = taken;
  const what = `import of ${entries.toLocaleString('en-US')} entries`;
  yield memory(`${what}, Redis`, some!.redis, more!.redis);
  yield memory(`${what}, SQLite`, some!.sqlite, more!.sqlite);
}

interface Compared {
  readonly ours: Run;
  /** Seconds. */
  readonly peer: number;
  readonly name: string;
  readonly budget?: number;
}

function row(what: string, { ours, peer, name, budget }: Compared): Measurement {
  const ratio = ours.seconds / peer;
  return {
    what,
    measured: `${ratio.toFixed(2)} × (${ours.seconds.toFixed(1)} s)`,
    budget: budget === undefined ? '-' : `≤ ${budget} ×`,
    ...(budget !== undefined && { isKept: ratio <= budget }),
    peer: `${name}: ${peer.toFixed(1)} s`,
  };
}

async function ofRedis({ lines, resp }: Files) {
  return withRedis(async (port, client) => {
    const url = `redis://127.0.0.1:${port}?prefix=shop-`;
    const pipe = await seconds('redis-cli', ['-p', String(port), '--pipe'], resp);
    await client.flushall();
    return { pipe, ours: await cachectl(['import', lines, '--url', url]) };
  });
}

async function ofSqlite(folder: string, { lines, csv }: Files): Promise<{ shell: number; ours: Run }> {
  const theirs = path.join(folder, 'theirs.sqlite');
  await seconds('sqlite3', [theirs, SCHEMA]);
  const shell = await seconds('sqlite3', [theirs, `.import --csv ${csv} cache`]);
  if (statSync(theirs).size < statSync(csv).size) throw new Error('sqlite3 did not import all');
  rmSync(theirs);
  const url = `sqlite://${folder}/ours.sqlite?prefix=shop-`;
  return { shell, ours: await cachectl(['import', lines, '--url', url]) };
}

async function seconds(program: string, args: readonly string[], input?: string): Promise<number> {
  const stdin = input === undefined ? undefined : openSync(input, 'r');
  const start = performance.now();
  const child = spawn(program, args, { stdio: [stdin ?? 'ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (stdin !== undefined) closeSync(stdin);
  if (code !== 0) throw new Error(`${program} exited with ${code}`);
  return (performance.now() - start) / 1000;
}
