import type { Context } from 'mocha';

import type { Store, Ttl } from '../../src/stores/contract/store.js';
import type { Result } from './cli.js';
import type { PhpCache, PhpPeer } from './php-peer.js';

import { resolveProfile } from '../../src/profiles/resolve.js';
import { openStore } from '../../src/stores/open.js';
import { cachectl } from './cli.js';

/** A shared cache, empty before each test. */
export interface Shared {
  readonly php: PhpPeer;
  /** Laravel. */
  readonly theirs: PhpCache;
  /** cachectl's store, for what the program cannot do or does too slowly. */
  readonly ours: Store;
  /** The built program. */
  run(args: readonly string[], input?: Buffer | string): Promise<Result>;
  /** The stored bytes of an entry, without its expiry. */
  raw(key: string): Promise<string | undefined>;
  /** The stored TTL. */
  ttl(key: string): Promise<Ttl>;
}

/** Differences between the stores. */
export interface Traits {
  /** Numbers are bare text. */
  readonly bareNumbers: boolean;
  /** Laravel increments a missing key. */
  readonly countsFromNothing: boolean;
  /** Laravel's increment is atomic. */
  readonly countsInOneStep: boolean;
  /** How long Laravel's locks without a TTL last. */
  readonly endlessLock: Ttl;
  /** The longest owner of a lock. Left out if nothing limits it. */
  readonly ownerCharacters?: number;
}

/** The members of `Shared` for cachectl, by URL or by the default of a profile file. */
export async function oursAt(place: { config: string } | { url: string }): Promise<Pick<Shared, 'ours' | 'run'>> {
  const profile = await resolveProfile({ ...place, env: {}, cwd: '.' });
  const flags = 'url' in place ? ['--url', place.url] : ['--config', place.config];
  return {
    ours: await openStore(profile, { timeoutMs: 10_000 }),
    run: async (args, input) => cachectl([...args, ...flags], input === undefined ? {} : { input }),
  };
}

/** A shared cache for the cases of the enclosing description. */
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
