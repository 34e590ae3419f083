import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

import type { Measurement, Scale } from './measurement.js';

import { RespWriter } from '../src/stores/redis/resp-writer.js';
import { cachectl, MEMORY_BUDGET_MB, type Run } from './peak-memory.js';
import { inFolder, withRedis } from './servers.js';

/** Laravel's table, as cachectl makes it. */
const SCHEMA = `CREATE TABLE cache ("key" varchar not null, "value" text not null, "expiration" integer not null, primary key ("key"));
CREATE INDEX cache_expiration_index ON cache ("expiration");`;

/** A month, in seconds. */
const TTL = 2_592_000;

const AT_ONCE = 1000;

/** Entries from a file into Redis and SQLite, beside what these bring for that, and out again. */
export async function* measureTransfer({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const peaks: number[] = [];
  for (const count of [entries, many]) {
    const rows = await inFolder(async (folder) => {
      const files = written(folder, count);
      return { redis: await ofRedis(files), sqlite: await ofSqlite(folder, files) };
    });
    peaks.push(...Object.values(rows.redis.runs).map(({ peakMb }) => peakMb), rows.sqlite.ours.peakMb);
    if (count !== entries) continue;
    const what = `of ${count.toLocaleString('en-US')} entries`;
    const { imported, exported } = rows.redis.runs;
    yield row(`import ${what}, Redis`, {
      ours: imported,
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
    yield row(`export ${what}, Redis`, { ours: exported, peer: rows.redis.scan, name: 'redis-cli --scan, keys alone' });
  }

  const most = Math.max(...peaks);
  yield {
    what: `import and export of ${many.toLocaleString('en-US')} entries, peak memory`,
    measured: `${peaks.map((peak) => Math.round(peak)).join(', ')} MB`,
    budget: `≤ ${MEMORY_BUDGET_MB} MB`,
    isKept: most <= MEMORY_BUDGET_MB,
    peer: `with ${entries.toLocaleString('en-US')}: the first half of these`,
  };
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

interface Files {
  readonly lines: string;
  readonly resp: string;
  readonly csv: string;
}

/** The same entries for each: strings, numbers and arrays, every other with a ttl. */
function written(folder: string, count: number): Files {
  const files = { lines: path.join(folder, 'lines'), resp: path.join(folder, 'resp'), csv: path.join(folder, 'csv') };
  const [lines, resp, csv] = Object.values(files).map((file) => openSync(file, 'w')) as [number, number, number];
  const expires = Math.floor(Date.now() / 1000) + TTL;
  const writer = new RespWriter();
  for (let start = 0; start < count; start += AT_ONCE) {
    let [lineText, csvText] = ['', ''];
    for (let at = start; at < Math.min(count, start + AT_ONCE); at++) {
      const key = `users:${at}`;
      const { json, serialized, isBare } = valueOf(at);
      const hasTtl = at % 2 === 1;
      lineText += `{"key":"${key}","value":${json},"expires":${hasTtl ? expires : null}}\n`;
      csvText += `shop-${key},"${serialized.replaceAll('"', '""')}",${hasTtl ? expires : expires + 10 * TTL}\n`;
      writer.set(`shop-${key}`, Buffer.from(isBare ? json : serialized), hasTtl ? TTL : null);
    }

    writeSync(lines, lineText);
    writeSync(csv, csvText);
    writeSync(resp, writer.bytes);
    writer.clear();
  }

  for (const file of [lines, resp, csv]) closeSync(file);
  return files;
}

function valueOf(at: number): { json: string; serialized: string; isBare: boolean } {
  if (at % 10 === 0) return { json: String(at), serialized: `i:${at};`, isBare: true };
  const text = `the value of user ${at}, some forty bytes long`;
  const serialized = `s:${text.length}:"${text}";`;
  if (at % 10 !== 1) return { json: JSON.stringify(text), serialized, isBare: false };
  const json = `{"id":${at},"text":${JSON.stringify(text)}}`;
  return { json, serialized: `a:2:{s:2:"id";i:${at};s:4:"text";${serialized}}`, isBare: false };
}

async function ofRedis({ lines, resp }: Files) {
  return withRedis(async (port, client) => {
    const url = `redis://127.0.0.1:${port}?prefix=shop-`;
    const pipe = await seconds('redis-cli', ['-p', String(port), '--pipe'], resp);
    await client.flushall();
    const imported = await cachectl(['import', lines, '--url', url]);
    const nowhere = openSync('/dev/null', 'w');
    const exported = await cachectl(['export', '--url', url], { stdout: nowhere });
    closeSync(nowhere);
    const scan = await seconds('redis-cli', ['-p', String(port), '--scan']);
    return { pipe, scan, runs: { imported, exported } };
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
