import type { Finding, Store } from '../../stores/contract/store.js';

import { InterruptedError } from '../../errors.js';
import { ok, warning } from '../../stores/doctor/findings.js';

/** A key that nobody uses. */
export const NO_KEY = 'cachectl:doctor';

/** However many samples are asked for, in milliseconds. */
const LONGEST_MS = 5000;

/** A page that looks a dozen things up waits a fifth of a second then, in milliseconds for each. */
const SLOW_MS = 20;

/** How long reads of a key that is not there take, one after the other. @throws InterruptedError */
export async function latencyFinding(store: Store, samples: number, signal: AbortSignal): Promise<Finding> {
  const times: number[] = [];
  const giveUpAt = performance.now() + LONGEST_MS;
  while (times.length < samples && performance.now() < giveUpAt) {
    if (signal.aborted) throw new InterruptedError('interrupted', '');
    const started = performance.now();
    await store.get(NO_KEY);
    times.push(performance.now() - started);
  }

  times.sort((a, b) => a - b);
  const median = percentile(times, 0.5);
  const message = `p50 ${shown(median)}, p99 ${shown(percentile(times, 0.99))}, at most ${shown(times.at(-1)!)} (${times.length} reads)`;
  if (median < SLOW_MS) return ok('latency', message);
  return warning(
    'latency',
    message,
    'Every look-up of the application may cost as much: is it far away (another region), or loaded?',
  );
}

/** The least time that so large a part of all does not exceed. @param times in order */
function percentile(times: readonly number[], part: number): number {
  return times[Math.max(0, Math.ceil(times.length * part) - 1)]!;
}

function shown(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(2) : Math.round(milliseconds)} ms`;
}
