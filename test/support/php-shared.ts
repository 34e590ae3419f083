import type { Context } from 'mocha';

import type { Store, Ttl } from '../../src/stores/contract/store.js';
import type { Result } from './cli.js';
import type { PhpCache, PhpPeer } from './php-peer.js';

import { resolveProfile } from '../../src/profiles/resolve.js';
import { openStore } from '../../src/stores/open.js';
import { cachectl } from './cli.js';

/** One cache, empty before each test, and those who use it. */
export interface Shared {
  readonly php: PhpPeer;
  /** Laravel. */
  readonly theirs: PhpCache;
  /** cachectl's store, for what the program has no word for, or is too slow for. */
  readonly ours: Store;
  /** The built program. */
  run(args: readonly string[], input?: Buffer | string): Promise<Result>;
  /** All that the server has of an entry, save its time. */
  raw(key: string): Promise<string | undefined>;
  /** As the server has it. */
  ttl(key: string): Promise<Ttl>;
}

/** In what the stores differ. */
export interface Traits {
  /** Numbers are bare text. */
  readonly bareNumbers: boolean;
  /** Laravel counts up what is not there. */
  readonly countsFromNothing: boolean;
  /** Laravel's counting is one step, so that nobody can come between. */
  readonly countsInOneStep: boolean;
  /** How long Laravel holds a lock without a time. */
  readonly endlessLock: Ttl;
}

/** What the members of `Shared` that are ours come from: a URL, or the default of a profile file. */
export async function oursAt(place: { config: string } | { url: string }): Promise<Pick<Shared, 'ours' | 'run'>> {
  const profile = await resolveProfile({ ...place, env: {}, cwd: '.' });
  const flags = 'url' in place ? ['--url', place.url] : ['--config', place.config];
  return {
    ours: await openStore(profile, { timeoutMs: 10_000 }),
    run: async (args, input) => cachectl([...args, ...flags], input === undefined ? {} : { input }),
  };
}

/** A cache that is shared for as long as the cases of the description that this stands in run. */
export function share(
  open: (context: Context) => Promise<Shared>,
  describeCases: (shared: () => Shared) => void,
): void {
  let shared: Shared;
  before(async function () {
    shared = await open(this);
  });
  after(async () => shared?.ours.close());
  describeCases(() => shared);
}
