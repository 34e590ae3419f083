import type { Profile } from '../../../profiles/profile.js';

import { UnsupportedError } from '../../../errors.js';
import { type PrefixCandidate, prefixCandidates } from '../../../stores/doctor/prefix-guess.js';

/** Keys that are looked at. */
const SAMPLE = 2000;

/** Milliseconds for listing them. */
const MAX_MS = 3000;

/** Connect to a store and recognize the prefixes of its keys. @throws what the store throws if it cannot be used */
export async function probe(profile: Profile, timeoutMs: number): Promise<readonly PrefixCandidate[]> {
  const { openStore } = await import('../../../stores/open.js');
  const store = await openStore(profile, { timeoutMs });
  try {
    await store.get('cachectl:init');
    if ((await store.doubt?.('entries')) !== undefined || !store.supports('keys')) return [];
    const keys: string[] = [];
    const until = performance.now() + MAX_MS;
    for await (const key of store.keys('*')) {
      keys.push(key);
      if (keys.length >= SAMPLE || performance.now() > until) break;
    }

    return prefixCandidates(keys, profile.driver === 'redis');
  } catch (error) {
    if (error instanceof UnsupportedError) return [];
    throw error;
  } finally {
    await store.close();
  }
}
