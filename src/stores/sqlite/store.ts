import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Codec } from '../../codecs/codec.js';
import type { SqliteProfile } from '../../profiles/profile.js';
import type {
  Capabilities,
  EventsOptions,
  EventStream,
  FlushOptions,
  FlushResult,
  Lock,
  OpenOptions,
  Store,
  Tagged,
} from '../contract.js';

import { globMatcher, literalHead } from '../glob.js';
import { Connection } from './connection.js';
import { Entries, type Room } from './entries.js';
import { EVENTS, Tail } from './events.js';
import { now } from './expiry.js';
import { flush } from './flush.js';
import { keysUnder } from './keys.js';
import { SqliteLock } from './locks.js';
import { Tables } from './tables.js';
import { SqliteTagged } from './tags.js';

/** Rows that `keys` reads at once. */
const PAGE = 1000;

/**
 * The cache of Laravel's database driver in an SQLite file. Opened on first use; made, with its folder and tables, on
 * the first write. An existing file keeps its journal mode; a new one is in WAL mode and only its user may read it.
 * A ttl of more than five years reads as forever, which Laravel writes as ten.
 */
export function openSqlite(profile: SqliteProfile, codec: Codec, { timeoutMs }: OpenOptions): Store {
  const connection = new Connection(profile.path, timeoutMs);
  const room = { connection, tables: new Tables(connection, profile), codec, prefix: profile.prefix };
  return new SqliteStore(room, profile, timeoutMs);
}

class SqliteStore extends Entries implements Store {
  readonly driver = 'sqlite';
  readonly location: string;
  readonly prefix: string;
  readonly capabilities: Capabilities = {
    listing: true,
    ttls: true,
    tags: true,
    countsTagged: true,
    locks: true,
    events: EVENTS,
    locksToldFromEntries: 'apart',
  };
  readonly #profile: SqliteProfile;
  readonly #timeoutMs: number;
  readonly #tails = new Set<Tail>();

  constructor(room: Room, profile: SqliteProfile, timeoutMs: number) {
    super(room);
    this.location = profile.path;
    this.prefix = profile.prefix;
    this.#profile = profile;
    this.#timeoutMs = timeoutMs;
  }

  async *keys(pattern = '*'): AsyncGenerator<string> {
    const matches = globMatcher(pattern);
    const prefixLength = Buffer.byteLength(this.prefix);
    let page: Array<{ bytes: Buffer }> = [];
    do {
      page = this.#page(this.prefix + literalHead(pattern), page.at(-1)?.bytes);
      for (const row of page) {
        const key = row.bytes.subarray(prefixLength).toString();
        if (matches(key)) yield key;
      }

      // Lets a signal be heard while nothing matches.
      await nextTurn();
    } while (page.length === PAGE);
  }

  async flush(options: FlushOptions): Promise<FlushResult> {
    return flush(this.room, options);
  }

  tags(names: readonly string[]): Tagged {
    return new SqliteTagged(this.room, names);
  }

  lock(name: string): Lock {
    return new SqliteLock(this.room, name);
  }

  /**
   * Needs no setting of a server, so it does not look at `enable`: triggers are in the file while the stream lives, and
   * nothing is after. Makes file and table when there are none.
   */
  async events({ signal }: EventsOptions): Promise<EventStream> {
    signal.throwIfAborted();
    const tail = new Tail({
      path: this.#profile.path,
      prefix: this.prefix,
      tablesOn: (connection) => new Tables(connection, this.#profile),
      timeoutMs: this.#timeoutMs,
      signal,
    });
    this.#tails.add(tail);
    return tail;
  }

  async close(): Promise<void> {
    for (const tail of this.#tails) tail.stop();
    this.connection.close();
  }

  protected rowKey(key: string): string {
    return this.prefix + key;
  }

  protected wrote(): void {
    // Entries without tags have no bookkeeping.
  }

  /** The next keys in the order of the primary key. No transaction stays open between pages. */
  #page(prefix: string, after: Buffer | undefined): Array<{ bytes: Buffer }> {
    const range = keysUnder(prefix, after);
    return this.connection.run(() =>
      this.tables.has('cache')
        ? this.connection
            .statement<{ bytes: Buffer }>(
              // The plus keeps SQLite from taking the index on expiration and sorting the table for every page.
              `SELECT CAST(key AS BLOB) AS bytes FROM ${this.tables.cache}
               WHERE ${range.sql} AND +expiration > @at ORDER BY key LIMIT ${PAGE}`,
            )
            .all({ ...range.parameters, at: now() })
        : [],
    );
  }
}
