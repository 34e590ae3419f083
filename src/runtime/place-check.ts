import type { Profile } from '../profiles/profile.js';
import type { Store } from '../stores/contract/store.js';

import { RefusedError } from '../errors.js';
import { note, warn } from '../terminal/output.js';

/** What a command needs of the place that its profile names. */
export interface PlaceUse {
  readonly place: 'entries' | 'locks';
  /**
   * `creates`: what is not there is created. `reads`: what is not there is a miss, with a word on why. `covers`: an answer
   * about everything in the place, which nobody can give of a place that is not there.
   */
  readonly access: 'covers' | 'creates' | 'reads';
}

/**
 * Says on standard error that the place is not there, or holds something else than a cache.
 * @throws RefusedError where the command would answer for all of it
 */
export async function checkPlace(store: Store, profile: Profile, { place, access }: PlaceUse): Promise<void> {
  // SQLite's file and tables are created as needed, and their names cannot mislead whoever creates them.
  if (access === 'creates' && profile.driver === 'sqlite') return;
  const doubt = await store.doubt?.(place);
  if (doubt === undefined || (access === 'creates' && doubt.kind !== 'foreign')) return;
  const { kind, message, hint } = doubt;
  if (isBuiltIn(profile)) note('nothing is stored yet: the first put creates the cache');
  else if (access === 'covers' && kind !== 'unmade') throw new RefusedError(message, hint);
  else warn(`warning: ${message}\n  ${hint}`);
}

/** The same for a command that has no other use of the store yet: it is closed when the check fails. */
export async function checkPlaceOrClose(store: Store, profile: Profile, use: PlaceUse): Promise<void> {
  try {
    await checkPlace(store, profile, use);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The profile that is there without a profile file. Nobody named its file, so its name cannot be wrong. */
export function isBuiltIn(profile: Profile): boolean {
  return profile.driver === 'sqlite' && profile.isBuiltIn === true;
}
