import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';

import { percentile } from '../locks/processes.js';

/** The pause between two requests, in milliseconds. */
const PAUSE_MS = 2;

/** Another client's latency during `work`, compared with its latency at rest. */
export async function latencyDuring(port: number, work: () => Promise<unknown>): Promise<string> {
  const client = new Redis(port);
  try {
    const ping = async (): Promise<unknown> => client.ping();
    const rest = await latencies(ping, sleep(1000));
    const busy = await latencies(ping, work());
    return `${said(busy)}; at rest ${said(rest)}`;
  } finally {
    client.disconnect();
  }
}

/** The durations in the slow log, in milliseconds. `longest` is 0 if none was above its threshold. */
export async function steps(client: Redis): Promise<{ readonly median: number; readonly longest: number }> {
  const log = (await client.call('SLOWLOG', 'GET', '10000')) as ReadonlyArray<readonly [number, number, number]>;
  const sorted = log.map((entry) => entry[2] / 1000).sort((one, other) => one - other);
  return { median: percentile(sorted, 0.5) ?? 0, longest: sorted.at(-1) ?? 0 };
}

/** Durations of `ask` in milliseconds, ascending, until the work is done. */
export async function latencies(ask: () => Promise<unknown>, until: Promise<unknown>): Promise<readonly number[]> {
  const state = { isOver: false };
  const over = (): void => {
    state.isOver = true;
  };

  until.then(over, over);
  const all: number[] = [];
  while (!state.isOver) {
    const start = performance.now();
    await ask();
    all.push(performance.now() - start);
    await sleep(PAUSE_MS);
  }

  await until;
  return all.sort((one, other) => one - other);
}

function said(sorted: readonly number[]): string {
  return `median ${percentile(sorted, 0.5).toFixed(1)} ms, p99 ${percentile(sorted, 0.99).toFixed(1)} ms`;
}
