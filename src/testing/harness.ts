import type { Context } from 'mocha';

import type { Profile } from '../profiles/profile.js';
import type { EventSource } from '../stores/contract/events.js';
import type { Store, Traits } from '../stores/contract/store.js';

import { type Operation, OPERATIONS } from '../stores/contract/operations.js';

/** An operation of a store, of its tag index (`members`), or of its locks (`waiters`). */
export type Ability = 'members' | 'waiters' | Exclude<Operation, 'events'>;

/** All of them, for a driver that lacks none. */
export const ABILITIES: readonly Ability[] = [
  ...OPERATIONS.filter((operation) => operation !== 'events'),
  'members',
  'waiters',
];

/**
 * What a driver's test gives to the contract suite (`describeStore(name, harness)` in suite.ts). Every case opens its
 * stores with a new prefix and closes them, so nothing has to be emptied in between.
 */
export interface StoreHarness {
  /** The traits that the driver must declare. */
  readonly traits: Traits;

  /** The operations that the driver must have; all others must be missing. */
  readonly has: readonly Ability[];

  /** The event sources that the driver must declare. Left out: it must have no events. */
  readonly eventSources?: readonly EventSource[];

  /**
   * False if the server under test does not report an entry that is read and removed in one step, although a real one
   * does. Default: true.
   */
  readonly reportsPulls?: boolean;

  /** False if a number never goes below 0, as on Memcached. Default: true. */
  readonly countsBelowZero?: boolean;

  /** The most characters of a key, prefix included, where a column limits them. Default: no limit. */
  readonly keyCharacters?: number;

  /** Whether the store can hold a value of these bytes, where its columns are text. Default: any bytes. */
  holds?(stored: Buffer): boolean;

  /** False if the store cannot flush everything, as through a proxy. Default: true. */
  readonly flushesAll?: boolean;

  /**
   * The names of the event sources to test. Leave out those that the server under test lacks. Default: all declared
   * sources.
   */
  readonly testedSources?: readonly string[];

  /** The names of the event sources that poll and miss changes in between. Cases wait for each of their events. */
  readonly polledSources?: readonly string[];

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
