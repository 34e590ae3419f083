import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Measurement, Scale } from './measurement.js';

import { cachectl, MEMORY_BUDGET_MB, type Run } from './peak-memory.js';
import { inFolder, withMemcached, withRedis } from './servers.js';
import { type Files, written } from './transfer-files.js';

const PREFIX = 'shop-';
const SCRIPT = fileURLToPath(new URL('scan-and-mget.mjs', import.meta.url));

/** The figures of an export, and of a peer that wrote the same to a file. */
interface Exported {
  readonly ours: Run;
  readonly peer?: { readonly name: string; readonly seconds: number; readonly mostRatio?: number };
}

type Exporting = (folder: string, files: Files) => Promise<Exported>;

const STORES: Readonly<Record<string, Exporting>> = { Redis: ofRedis, SQLite: ofSqlite, Memcached: ofMemcached };

/** Export all entries of a store to a file, compared with common tools, with memory at two sizes. */
export async function* measureExport({ entries, many }: Scale): AsyncGenerator<Measurement> {
  for (const [name, exporting] of Object.entries(STORES)) {
    const some = await exported(entries, exporting);
    const { ours, peer } = some;
    const ratio = peer && ours.seconds / peer.seconds;
    const most = peer?.mostRatio;
    yield {
      what: `export of ${entries.toLocaleString('en-US')} entries, ${name}`,
      measured: `${ratio === undefined ? '' : `${ratio.toFixed(2)} ×, `}${ours.seconds.toFixed(1)} s, CPU ${ours.cpuSeconds.toFixed(1)} s`,
      budget: most === undefined ? '-' : `≤ ${most} ×`,
      ...(ratio !== undefined && most !== undefined && { isKept: ratio <= most }),
      peer: peer ? `${peer.name}: ${peer.seconds.toFixed(1)} s` : 'nobody who reads values',
    };
    const all = await exported(many, exporting);
    yield {
      what: `its memory, ${entries.toLocaleString('en-US')} and ${many.toLocaleString('en-US')} entries`,
      measured: `${ours.peakMb.toFixed(0)} and ${all.ours.peakMb.toFixed(0)} MB`,
      budget: `≤ ${MEMORY_BUDGET_MB} MB`,
      isKept: Math.max(ours.peakMb, all.ours.peakMb) <= MEMORY_BUDGET_MB,
      peer: '-',
    };
  }
}

async function exported(count: number, exporting: Exporting): Promise<Exported> {
  return inFolder(async (folder) => exporting(folder, written(folder, count)));
}

async function ofRedis(folder: string, files: Files): Promise<Exported> {
  return withRedis(async (port) => {
    const ours = await filledAndExported(folder, files, `redis://127.0.0.1:${port}?prefix=${PREFIX}`);
    const script = await seconds(folder, process.execPath, [SCRIPT, String(port), PREFIX]);
    return { ours, peer: { name: 'a script with ioredis: SCAN, MGET, PTTL', seconds: script } };
  });
}

async function ofSqlite(folder: string, files: Files): Promise<Exported> {
  const database = path.join(folder, 'cache.sqlite');
  const ours = await filledAndExported(folder, files, `sqlite://${database}?prefix=${PREFIX}`);
  const select = 'SELECT key, value, expiration FROM cache';
  const shell = await seconds(folder, 'sqlite3', ['-json', database, select]);
  return { ours, peer: { name: 'sqlite3 -json, values as they are stored', seconds: shell, mostRatio: 4 } };
}

async function ofMemcached(folder: string, files: Files): Promise<Exported> {
  return withMemcached(async (port) => ({
    ours: await filledAndExported(folder, files, `memcached://127.0.0.1:${port}?prefix=${PREFIX}`),
  }));
}

async function filledAndExported(folder: string, { lines }: Files, url: string): Promise<Run> {
  await cachectl(['import', lines, '--url', url]);
  return cachectl(['export', '--output', path.join(folder, 'ours'), '--url', url]);
}

/** Seconds that a program takes to write its output to a file. */
async function seconds(folder: string, program: string, args: readonly string[]): Promise<number> {
  const file = openSync(path.join(folder, 'theirs'), 'w');
  const start = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', file, 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  closeSync(file);
  if (code !== 0) throw new Error(`${program} exited with ${code}`);
  return (performance.now() - start) / 1000;
}
