import type { CacheEvent, EventsOptions } from '../../contract/events.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { isLaravelLockName } from '../../locks/names.js';
import { isTagIdKey, type Keys } from '../keys.js';
import { uriDecoded } from '../protocol/uri.js';
import { addressIn } from './callers.js';
import { eventOf, typeOf } from './watch-events.js';
import { fieldsOf } from './watch-fields.js';

/**
 * How long a line waits for those that belong before it, in milliseconds: the server's logger goes from thread to thread
 * and sleeps for up to 100 ms between its rounds.
 */
const HOLD_MS = 250;

/** The least time between two looks at what waits, in milliseconds. */
const ROUND_MS = 20;

/** What a narrator is told of the place, and who hears it. */
export interface NarratorRoom {
  readonly keys: Keys;
  readonly asked: Pick<EventsOptions, 'everything' | 'wants'>;
  /** Who has which connection. */
  readonly callers: {
    addressOf(connection: string): string | undefined;
    isOf(connection: string, address: string | undefined): void;
  };
  /** Whether it is this tail's own business. @param key as the server prints it */
  isOwn(connection: string | undefined, key: string): boolean;
  tell(event: CacheEvent): void;
}

/** A line that has been read and not told yet. */
interface Held {
  /** Counted up by the server with each line. */
  readonly id: number;
  readonly connection: string | undefined;
  /** Undefined of a connection that comes or goes. */
  readonly event: CacheEvent | undefined;
  /** Of a connection that comes. */
  readonly address?: string | undefined;
  /** As the server prints it. */
  readonly key?: string;
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
  readonly #context: NarratorRoom;
  /** By their ids. */
  readonly #held: Held[] = [];
  /** The last lookup of each connection, and of each key, while it is held. */
  readonly #lookups = new Map<string, Held>();
  #timer: NodeJS.Timeout | undefined;

  constructor(context: NarratorRoom) {
    this.#context = context;
  }

  /** `ts=1795437380.981034 gid=2 type=item_get key=k%C5%BE status=not_found clsid=0 cfd=26 size=0`. */
  hear(line: string): void {
    const fields = fieldsOf(line);
    const [type, connection, key] = [fields.get('type'), fields.get('cfd'), fields.get('key')];
    if (connection !== undefined && (type === 'conn_new' || type === 'conn_close')) {
      const address = type === 'conn_new' ? addressIn(fields) : undefined;
      this.#hold({ ...common(fields), event: undefined, address });
      return;
    }

    if (type === undefined || key === undefined || this.#context.isOwn(connection, key)) return;
    const isLookup = type === 'item_get';
    const speaker = connection === undefined ? `key ${key}` : `connection ${connection}`;
    if (!isLookup) this.#hushLookup(speaker, type, key);
    this.#lookups.delete(speaker);
    const event = this.#eventOf(fields, key);
    if (event === undefined) return;
    const held: Held = { ...common(fields), event, key };
    this.#hold(held);
    if (!isLookup) return;
    this.#lookups.set(speaker, held);
    this.#lookups.set(`key ${key}`, held);
  }

  /** Tells what waits. */
  end(): void {
    clearTimeout(this.#timer);
    this.#release(Number.POSITIVE_INFINITY);
  }

  #hushLookup(speaker: string, type: string, key: string): void {
    const lookup = this.#lookups.get(speaker);
    if (lookup?.key !== key) return;
    // What is deleted had been found by who deletes it.
    if (type === 'item_store' || (type === 'deleted' && lookup.event?.type === 'CacheHit')) lookup.isHushed = true;
  }

  #eventOf(fields: ReadonlyMap<string, string>, encodedKey: string): CacheEvent | undefined {
    const { keys, asked } = this.#context;
    const full = uriDecoded(Buffer.from(encodedKey, 'latin1'));
    const isForeign = !keys.isOurs(full);
    if (isForeign && asked.everything !== true) return undefined;
    const key = isForeign ? keyFromBytes(full) : keys.short(full);
    if (!isForeign && isTagIdKey(key)) return undefined;
    const type = typeOf(fields, isLaravelLockName(key));
    if (type === undefined || asked.wants?.(type, key) === false) return undefined;
    const event = eventOf(type, key, fields);
    return isForeign ? { ...event, isForeign } : event;
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
    for (const held of this.#held.splice(0, young === -1 ? this.#held.length : young)) this.#tell(held);
    for (const [speaker, held] of this.#lookups) if (held.heardAt <= heardBefore) this.#lookups.delete(speaker);
  }

  #tell({ event, connection, address, isHushed }: Held): void {
    const { callers, tell } = this.#context;
    if (event === undefined) {
      callers.isOf(connection!, address);
    } else if (!isHushed) {
      const caller = connection === undefined ? undefined : callers.addressOf(connection);
      tell(caller === undefined ? event : { ...event, client: { address: caller } });
    }
  }
}

function common(fields: ReadonlyMap<string, string>): Pick<Held, 'connection' | 'heardAt' | 'id' | 'isHushed'> {
  return { id: Number(fields.get('gid')), connection: fields.get('cfd'), isHushed: false, heardAt: performance.now() };
}
