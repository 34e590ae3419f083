import type { Profile } from '../../profiles/profile.js';
import type { Finding, Store } from '../../stores/contract/store.js';

import { CachectlError } from '../../errors.js';
import { isBuiltIn } from '../../runtime/place-check.js';
import { failed, ok } from '../../stores/doctor/findings.js';
import { latencyFinding, NO_KEY } from './latency.js';
import { profileText } from './profile.js';
import { roundTrip, whyReadOnly } from './round-trip.js';

export interface ExaminationFlags {
  readonly 'read-only': boolean;
  readonly yes: boolean;
  readonly confirm?: string | undefined;
  /** 0 skips the check. */
  readonly 'latency-samples': number;
}

/**
 * Check a store step by step. Ends if a later step depends on one that failed: the connection, a first read, and the
 * place of entries. Faults of other steps do not end it.
 * @throws InterruptedError
 */
export async function* examine(
  store: Store,
  profile: Profile,
  flags: ExaminationFlags,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  yield ok('profile', profileText(profile, store.location));
  if (yield* untilFault('store', store.checkConnection?.())) return;
  if (yield* untilFault('reading', reading(store))) return;
  if (yield* untilFault('place', place(store, profile))) return;
  const isUnmade = (await store.unmade?.('entries')) !== undefined;
  const reason = whyReadOnly(profile, flags);
  if (reason === undefined) yield* roundTrip(store, signal);
  else yield reason;
  yield* untilFault('server', store.diagnose?.());
  if (flags['latency-samples'] > 0 && !isUnmade) {
    yield* untilFault('latency', latency(store, flags['latency-samples'], signal));
  }
}

/** Yields findings; an error becomes a fault and ends them. Returns whether there was a fault. */
async function* untilFault(
  subject: string,
  findings: AsyncIterable<Finding> | undefined,
): AsyncGenerator<Finding, boolean> {
  let isFaulty = false;
  try {
    for await (const finding of findings ?? []) {
      isFaulty ||= finding.state === 'fault';
      yield finding;
    }

    return isFaulty;
  } catch (error) {
    if (!(error instanceof CachectlError) || error.code === 'interrupted') throw error;
    yield failed(subject, error);
    return true;
  }
}

async function* reading(store: Store): AsyncGenerator<Finding> {
  const started = performance.now();
  await store.get(NO_KEY);
  const milliseconds = Math.max(1, Math.round(performance.now() - started));
  yield ok('reading', `answered in ${milliseconds} ms, including connecting`);
}

/** Makes sure that the next steps write only into a cache. */
async function* place(store: Store, profile: Profile): AsyncGenerator<Finding> {
  if (isBuiltIn(profile)) return;
  for (const each of ['entries', 'locks'] as const) {
    const doubt = await store.doubt?.(each);
    if (doubt === undefined) continue;
    const isFault = doubt.kind === 'foreign' || (doubt.kind === 'absent' && each === 'entries');
    yield { subject: each, state: isFault ? 'fault' : 'warning', message: doubt.message, hint: doubt.hint };
    if (isFault) return;
  }
}

async function* latency(store: Store, samples: number, signal: AbortSignal): AsyncGenerator<Finding> {
  yield await latencyFinding(store, samples, signal);
}
