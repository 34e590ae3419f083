import type { EntryPage, ListedEntry } from '../../contract/listing.js';
import type { Reading } from '../../contract/store.js';
import type { RedisContext } from '../context.js';
import type { Look } from './look.js';

import { pageAt } from '../../contract/listing.js';
import { withinBytes } from '../../listing/byte-limit.js';
import { isGone, ttlOf } from '../client/replies.js';
import { Entries, entryOf } from '../entries.js';
import { readByScript } from './read-script.js';

/** Reads the values of listed entries in batches that fit into memory. */
export class Contents {
  readonly #context: RedisContext;
  readonly #look: Look;
  readonly #plain: Entries;
  #usesScripts: boolean;

  /** @param idle whether idle times are needed; these must be read before the values */
  constructor(context: RedisContext, look: Look, { idle }: { readonly idle: boolean }) {
    this.#context = context;
    this.#look = look;
    this.#plain = new Entries(context);
    this.#usesScripts = !idle && (context.connection.isCluster || !context.connection.keysApart);
  }

  /** Yield the entries that still exist. @param names keys without prefixes */
  async *of(names: readonly string[]): AsyncGenerator<EntryPage> {
    const askedAt = Date.now();
    const { listed, rest } = await this.#atOnce(names);
    yield pageAt(listed, undefined, askedAt);
    for (const some of withinBytes(await this.#look.at(rest))) {
      const readAt = Date.now();
      const readings = await this.#plain.many(some.map(({ key }) => key));
      const found = some.flatMap((entry, index) => {
        const reading = readings[index];
        return reading === undefined ? [] : [{ ...entry, ...this.#seen(entry, reading), reading }];
      });
      yield pageAt(found, undefined, readAt);
    }
  }

  /** Read most entries in one round trip. `rest` are long values and keys that hold no string. */
  async #atOnce(
    names: readonly string[],
  ): Promise<{ readonly listed: readonly ListedEntry[]; readonly rest: readonly string[] }> {
    if (!this.#usesScripts || names.length === 0) return { listed: [], rest: names };
    const full = names.map((name) => this.#context.keys.full(name));
    const read = await readByScript(this.#context.connection, full);
    this.#usesScripts = read !== undefined;
    if (read === undefined) return { listed: [], rest: names };
    const listed: ListedEntry[] = [];
    const rest: string[] = [];
    for (const [index, { pttl, value }] of read.entries()) {
      const key = names[index]!;
      if (isGone(pttl)) continue;
      if (Buffer.isBuffer(value)) listed.push(this.#listed(key, value, pttl));
      else rest.push(key);
    }

    return { listed, rest };
  }

  #listed(key: string, stored: Buffer, pttl: string): ListedEntry {
    const ttl = ttlOf(pttl);
    const lock = this.#look.lockOf(key, stored);
    const reading = entryOf(this.#context, stored, ttl);
    const size = stored.length;
    return lock === undefined ? { key, size, ttl, reading } : { key, size, ttl, lock, reading };
  }

  /** What the value tells, which Look may not read before the idle time: the size, and whether it is a lock. */
  #seen({ key, lock }: ListedEntry, reading: Reading): Partial<Pick<ListedEntry, 'lock' | 'size'>> {
    if (reading === undefined || reading instanceof Error) return {};
    const { stored } = reading;
    const detected = lock ?? this.#look.lockOf(key, stored);
    return { size: stored.length, ...(detected !== undefined && { lock: detected }) };
  }
}
