import type { CacheEvent, EventType } from '../event-contract.js';

import { isTagIdKey, type Keys } from './keys.js';
import { uriDecoded } from './uri.js';
import { fieldsOf, timeOf, ttlOf } from './watch-fields.js';

/**
 * How long a line waits for those that belong before it, in milliseconds: the server's logger goes from thread to thread
 * and sleeps for up to 100 ms between its rounds.
 */
const HOLD_MS = 250;

/** The least time between two looks at what waits, in milliseconds. */
const ROUND_MS = 20;

/** A line that has been read and not told yet. */
interface Held {
  /** Counted up by the server with each line. */
  readonly id: number;
  readonly event: CacheEvent;
  /** A write's own lookup. */
  isHushed: boolean;
  readonly heardAt: number;
}

/**
 * Turns the lines of a watch into events, in the order in which the server numbered them, which is not that in which they
 * come. Every command looks its item up first, and the server tells of that, too: a lookup that a write (or a deletion)
 * follows on the same connection is that write's own, and no hit or miss.
 */
export class Narrator {
  readonly #keys: Keys;
  readonly #tell: (event: CacheEvent) => void;
  /** By their ids. */
  readonly #held: Held[] = [];
  /** The last lookup of each connection, and of each key, while it is held. */
  readonly #lookups = new Map<string, Held>();
  #timer: NodeJS.Timeout | undefined;

  constructor(keys: Keys, tell: (event: CacheEvent) => void) {
    this.#keys = keys;
    this.#tell = tell;
  }

  /** `ts=1795437380.981034 gid=2 type=item_get key=k%C5%BE status=not_found clsid=0 cfd=26 size=0`. */
  hear(line: string): void {
    const fields = fieldsOf(line);
    const [type, encodedKey] = [fields.get('type'), fields.get('key')];
    if (type === undefined || encodedKey === undefined) return;
    const full = uriDecoded(encodedKey);
    const key = this.#keys.isOurs(full) ? this.#keys.short(full) : undefined;
    const speaker = fields.has('cfd') ? `connection ${fields.get('cfd')}` : `key ${key}`;
    const lookup = this.#lookups.get(speaker);
    const isItsOwn = lookup?.event.key === key && (type !== 'deleted' || lookup?.event.type === 'CacheHit');
    if (lookup && isItsOwn && type !== 'item_get') lookup.isHushed = true;
    this.#lookups.delete(speaker);
    if (key === undefined || isTagIdKey(key)) return;
    const event = eventOf(key, fields);
    if (event === undefined) return;
    const held = { id: Number(fields.get('gid')), event, isHushed: false, heardAt: performance.now() };
    this.#hold(held);
    if (type !== 'item_get') return;
    this.#lookups.set(speaker, held);
    this.#lookups.set(`key ${key}`, held);
  }

  /** Tells what waits. */
  end(): void {
    clearTimeout(this.#timer);
    this.#release(Number.POSITIVE_INFINITY);
  }

  #hold(held: Held): void {
    let at = this.#held.length;
    while (at > 0 && this.#held[at - 1]!.id > held.id) at--;
    this.#held.splice(at, 0, held);
    this.#timer ??= setTimeout(() => this.#round(), HOLD_MS);
  }

  /** What has come already but was not read yet is read first, on a machine that is late. */
  #round(): void {
    const heardBefore = performance.now() - HOLD_MS;
    setImmediate(() => {
      this.#release(heardBefore);
      const [first] = this.#held;
      this.#timer = first && setTimeout(() => this.#round(), Math.max(ROUND_MS, first.heardAt - heardBefore));
    });
  }

  #release(heardBefore: number): void {
    const young = this.#held.findIndex(({ heardAt }) => heardAt > heardBefore);
    for (const held of this.#held.splice(0, young === -1 ? this.#held.length : young)) {
      if (!held.isHushed) this.#tell(held.event);
    }

    for (const [speaker, held] of this.#lookups) if (held.heardAt <= heardBefore) this.#lookups.delete(speaker);
  }
}

function eventOf(key: string, fields: ReadonlyMap<string, string>): CacheEvent | undefined {
  const type = typeOf(fields);
  if (type === undefined) return undefined;
  const size = Number(fields.get('size'));
  const ttl = type === 'KeyWritten' ? ttlOf(fields.get('ttl')) : undefined;
  return {
    time: timeOf(fields.get('ts')),
    type,
    key,
    ...(ttl !== undefined && { ttl }),
    ...(type !== 'CacheMissed' && Number.isInteger(size) && { size }),
  };
}

function typeOf(fields: ReadonlyMap<string, string>): EventType | undefined {
  const status = fields.get('status');
  switch (fields.get('type')) {
    case 'item_get': {
      return status === 'found' ? 'CacheHit' : 'CacheMissed';
    }

    case 'item_store': {
      return status === 'stored' ? 'KeyWritten' : undefined;
    }

    case 'deleted': {
      return 'KeyForgotten';
    }

    case 'eviction': {
      return 'KeyEvicted';
    }

    default: {
      return undefined;
    }
  }
}
