import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import type { Measurement } from '../measurement.js';

import { programPath } from '../../test/support/requirements.js';
import { MEMORY_BUDGET_MB, type Run } from '../peak-memory.js';

/** The prefix of the measured keys. The store holds as many other keys. */
export const PREFIX = 'app-cache-';
export const OTHERS = 'other-cache-';

/** Another program that does the same. */
export interface Peer {
  /** The command as a person would write it. */
  readonly name: string;
  /** Undefined if a program is missing. */
  readonly seconds: number | undefined;
}

/** The speed relative to the peer, with a budget if there is one. */
export function compared(what: string, ours: Run, { name, seconds }: Peer, leastRatio?: number): Measurement {
  const budget = leastRatio === undefined ? '-' : `≥ ${leastRatio} x`;
  if (seconds === undefined)
    return { what, measured: `${ours.seconds.toFixed(1)} s`, budget, peer: `${name}: missing` };
  const ratio = seconds / ours.seconds;
  return {
    what,
    measured: `${ratio.toFixed(1)} x as fast (${ours.seconds.toFixed(1)} s)`,
    budget,
    peer: `${name}: ${seconds.toFixed(1)} s`,
    ...(leastRatio !== undefined && { isKept: ratio >= leastRatio }),
  };
}

/** Peak memory at two sizes. */
export function memory(what: string, some: Run, many: Run): Measurement {
  const isSame = many.peakMb <= 1.15 * some.peakMb;
  return {
    what: `${what}: memory`,
    measured: `${Math.round(some.peakMb)} MB, and ${Math.round(many.peakMb)} MB at 4 times the size`,
    budget: `≤ ${MEMORY_BUDGET_MB} MB, the same`,
    peer: '-',
    isKept: isSame && many.peakMb <= MEMORY_BUDGET_MB,
  };
}

/** Run a shell command and return its seconds. Undefined if one of its programs is missing. */
export async function shell(line: string, ...programs: readonly string[]): Promise<number | undefined> {
  const missing = programs.filter((program) => programPath(program) === undefined);
  if (missing.length > 0) {
    process.stderr.write(`${missing.join(', ')}: not on PATH, so there is nothing to compare with\n`);
    return undefined;
  }

  const start = performance.now();
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'ignore', 'pipe'] });
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${line} exited with ${code}: ${err}`);
  return (performance.now() - start) / 1000;
}

/** `1M`, `250k`, for a row. */
export function short(entries: number): string {
  if (entries % 1_000_000 === 0) return `${entries / 1_000_000}M`;
  return entries % 1000 === 0 ? `${entries / 1000}k` : String(entries);
}
