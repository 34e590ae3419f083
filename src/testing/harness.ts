import type { Context } from 'mocha';

import type { Profile } from '../profiles/profile.js';
import type { Capabilities, Store } from '../stores/contract/store.js';

/**
 * What a driver's test gives to the contract suite (`describeStore(name, harness)` in suite.ts). Every case opens its
 * stores with a new prefix and closes them, so nothing has to be emptied in between.
 */
export interface StoreHarness {
  /** The capabilities that the driver must declare. It must answer everything else with an UnsupportedError. */
  readonly capabilities: Capabilities;

  /**
   * False if the server under test does not report an entry that is read and removed in one step, although a real one
   * does. Default: true.
   */
  readonly tellsPulls?: boolean;

  /** False if a number never goes below 0, as on Memcached. Default: true. */
  readonly countsBelowZero?: boolean;

  /** False if the store cannot flush everything, as through a proxy. Default: true. */
  readonly flushesAll?: boolean;

  /** Test `inspect`. Default: false. */
  readonly inspects?: boolean;

  /** Optional members to test. Default: none. */
  readonly has?: ReadonlyArray<'entries' | 'flushOnly' | 'sample' | 'stats'>;

  /**
   * The names of the event sources to test. Leave out those that the server under test lacks, and those that poll and
   * miss events. Default: all declared sources.
   */
  readonly eventSources?: readonly string[];

  /** Start the server or create the folder, once before all cases. */
  before(context: Context): Promise<void>;

  /** Undo `before`, once after all cases. */
  after(): Promise<void>;

  /** Open a new store with the `php` codec. All stores reach the same data. */
  open(options: StoreOptions): Promise<Store>;

  /**
   * The profile of `open(options)` for a child process, which gets it as JSON. Leave it out if the data lives in one
   * process: the cases with several processes are then skipped.
   */
  profile?(options: StoreOptions): Profile;
}

export interface StoreOptions {
  readonly prefix: string;
}
