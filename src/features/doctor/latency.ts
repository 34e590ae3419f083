import type { Finding, Store } from '../../stores/contract/store.js';

import { InterruptedError } from '../../errors.js';
import { ascending, percentile } from '../../percentile.js';
import { ok, warning } from '../../stores/doctor/findings.js';

/** A key that does not exist. */
export const NO_KEY = 'cachectl:doctor';

/** In milliseconds, for any number of samples. */
const MAX_MS = 5000;

/** In milliseconds. A page with ten lookups then waits for 0.2 s. */
const SLOW_MS = 20;

/** Measure consecutive reads of a key that does not exist. @throws InterruptedError */
export async function latencyFinding(store: Store, samples: number, signal: AbortSignal): Promise<Finding> {
  const times: number[] = [];
  const giveUpAt = performance.now() + MAX_MS;
  while (times.length < samples && performance.now() < giveUpAt) {
    if (signal.aborted) throw new InterruptedError('interrupted', '');
    const started = performance.now();
    await store.get(NO_KEY);
    times.push(performance.now() - started);
  }

  const sorted = ascending(times);
  const [median, p99, max] = [0.5, 0.99, 1].map((share) => percentile(sorted, share)!) as [number, number, number];
  const message = `p50 ${shown(median)}, p99 ${shown(p99)}, max ${shown(max)} (${times.length} reads)`;
  if (median < SLOW_MS) return ok('latency', message);
  return warning(
    'latency',
    message,
    'Every lookup of the application may take as long. Check the distance to the server and its load.',
  );
}

function shown(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(2) : Math.round(milliseconds)} ms`;
}
