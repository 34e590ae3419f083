import type { Profile } from '../profiles/profile.js';
import type { StatedProfile } from '../profiles/stated.js';
import type { Chosen } from './select-profile.js';

import { completeProfile, stateProfile } from '../profiles/resolve.js';
import { withSuggestions } from '../profiles/suggest.js';

/** A profile as it is stated and as it is used. */
export interface ReadProfile {
  readonly stated: StatedProfile;
  /** Holds no password from a `passwordCommand`. */
  readonly profile: Profile;
}

/** Read and check a profile without running its `passwordCommand`. @throws ConfigError */
export async function readWithoutSecrets({ choice }: Chosen): Promise<ReadProfile> {
  return withSuggestions(async () => {
    const stated = await stateProfile(choice);
    return { stated, profile: await completeProfile(stated, async () => UNKNOWN_PASSWORD, choice.warn) };
  });
}

/** Never sent to a server. */
const UNKNOWN_PASSWORD = 'unknown';

/** Where the store of a profile is, for people. Connects to nothing. */
export async function locationOf(profile: Profile): Promise<string> {
  const { openStore } = await import('../stores/open.js');
  const store = await openStore(profile, { timeoutMs: 1 });
  await store.close();
  return store.location;
}
