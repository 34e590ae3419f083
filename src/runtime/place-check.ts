import type { Profile } from '../profiles/profile.js';
import type { Store } from '../stores/contract/store.js';

import { RefusedError } from '../errors.js';
import { note, warn } from '../terminal/output.js';

/** How a command uses the location in its profile. */
export interface PlaceUse {
  readonly place: 'entries' | 'locks';
  /**
   * `creates`: the command creates what is missing. `reads`: if it is missing, the answer is a miss and a warning.
   * `covers`: the answer is about everything in the location, so it must exist.
   */
  readonly access: 'covers' | 'creates' | 'reads';
}

/**
 * Warn if the location does not exist or holds something other than a cache.
 * @throws RefusedError if the command's answer would be about all of it
 */
export async function checkPlace(store: Store, profile: Profile, { place, access }: PlaceUse): Promise<void> {
  // SQLite files and tables are created as needed.
  if (access === 'creates' && profile.driver === 'sqlite') return;
  const doubt = await store.doubt?.(place);
  if (doubt === undefined || (access === 'creates' && doubt.kind !== 'foreign')) return;
  const { kind, message, hint } = doubt;
  if (isBuiltIn(profile)) note('nothing is stored yet: the first put creates the cache');
  else if (access === 'covers' && kind !== 'unmade') throw new RefusedError(message, hint);
  else warn(`warning: ${message}\n  ${hint}`);
}

/** Check the location and close the store if that fails. For commands that have not used the store yet. */
export async function checkPlaceOrClose(store: Store, profile: Profile, use: PlaceUse): Promise<void> {
  try {
    await checkPlace(store, profile, use);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The profile that exists without a profile file. No one chose its file, so the name cannot be wrong. */
export function isBuiltIn(profile: Profile): boolean {
  return profile.driver === 'sqlite' && profile.isBuiltIn === true;
}
