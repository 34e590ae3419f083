import type { Context } from 'mocha';

import type { Profile } from '../profiles/profile.js';
import type { Capabilities, Store } from '../stores/contract/store.js';

/**
 * What a driver's test gives to the contract suite (`describeStore(name, harness)` in suite.ts).
 * Every case opens its stores with a prefix of its own, so nothing need be emptied between cases,
 * and closes them itself.
 */
export interface StoreHarness {
  /** What the driver must declare. What it cannot do, it must answer with UnsupportedError. */
  readonly capabilities: Capabilities;

  /**
   * False where the server under test says nothing of an entry that is read and removed in one step, though the real one
   * does. True when left out.
   */
  readonly tellsPulls?: boolean;

  /** False where a number counts down to 0 and no further, as on Memcached. True when left out. */
  readonly countsBelowZero?: boolean;

  /** False where the store cannot be emptied at once, as through a proxy. True when left out. */
  readonly flushesAll?: boolean;

  /** Whether the store has `inspect`, which is then tested; it has not when this is left out. */
  readonly inspects?: boolean;

  /** Optional members that the store has, which are then tested; none when left out. */
  readonly has?: ReadonlyArray<'entries' | 'flushOnly' | 'sample' | 'stats'>;

  /**
   * By name, the sources of events that the cases are for: those that the server under test has, and that miss nothing, as
   * what looks again and again must. All that are declared when left out.
   */
  readonly eventSources?: readonly string[];

  /** Starts the server or makes the folder; once, before all cases. */
  before(context: Context): Promise<void>;

  /** Undoes `before`; once, after all cases. */
  after(): Promise<void>;

  /** A new store each time. All of them reach the same data. Uses the `php` codec. */
  open(options: StoreOptions): Promise<Store>;

  /**
   * The same store as `open(options)` for a child process, which gets it as JSON. Left out by
   * drivers whose data lives in one process: the cases with several processes are not theirs.
   */
  profile?(options: StoreOptions): Profile;
}

export interface StoreOptions {
  readonly prefix: string;
}
