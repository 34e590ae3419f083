import type { CacheEvent, EventsOptions } from '../../contract/events.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { isLaravelLockName } from '../../locks/names.js';
import { isTagIdKey, type Keys } from '../keys.js';
import { uriDecoded } from '../protocol/uri.js';
import { addressIn } from './client-addresses.js';
import { eventOf, typeOf } from './watch-events.js';
import { fieldsOf } from './watch-fields.js';

/**
 * How long a line is held for earlier lines to arrive, in milliseconds. The server's logger visits its threads in turn
 * and sleeps for up to 100 ms between rounds.
 */
const HOLD_MS = 250;

/** Minimum interval between two checks of held lines, in milliseconds. */
const CHECK_INTERVAL_MS = 20;

/** What a decoder needs, and where it sends events. */
export interface DecoderContext {
  readonly keys: Keys;
  readonly options: Pick<EventsOptions, 'everything' | 'wants'>;
  /** Client addresses by connection number. */
  readonly clients: {
    addressOf(connection: string): string | undefined;
    set(connection: string, address: string | undefined): void;
  };
  /** Whether cachectl itself made the request, for a preview. @param key as the server prints it */
  isOwn(connection: string | undefined, key: string): boolean;
  emit(event: CacheEvent): void;
}

interface HeldLine {
  /** The server's sequence number. */
  readonly id: number;
  readonly connection: string | undefined;
  /** Undefined for the start or end of a connection. */
  readonly event: CacheEvent | undefined;
  /** Of a new connection. */
  readonly address?: string | undefined;
  /** As the server prints it. */
  readonly key?: string;
  /** The lookup belongs to a write. */
  isSuppressed: boolean;
  readonly receivedAt: number;
}

/**
 * Decodes the lines of a watch into events, in the order of the server's sequence numbers, which is not the order of
 * arrival. Every command looks its item up first, and the server reports that lookup too: if a write or deletion
 * follows on the same connection, the lookup belongs to it and is neither a hit nor a miss.
 */
export class WatchDecoder {
  readonly #context: DecoderContext;
  /** Sorted by id. */
  readonly #held: HeldLine[] = [];
  /** The last lookup of each connection and of each key, while it is held. */
  readonly #lookups = new Map<string, HeldLine>();
  #timer: NodeJS.Timeout | undefined;

  constructor(context: DecoderContext) {
    this.#context = context;
  }

  /** `ts=1795437380.981034 gid=2 type=item_get key=k%C5%BE status=not_found clsid=0 cfd=26 size=0`. */
  decode(line: string): void {
    const fields = fieldsOf(line);
    const [type, connection, key] = [fields.get('type'), fields.get('cfd'), fields.get('key')];
    if (connection !== undefined && (type === 'conn_new' || type === 'conn_close')) {
      const address = type === 'conn_new' ? addressIn(fields) : undefined;
      this.#hold({ ...common(fields), event: undefined, address });
      return;
    }

    if (type === undefined || key === undefined || this.#context.isOwn(connection, key)) return;
    const isLookup = type === 'item_get';
    const origin = connection === undefined ? `key ${key}` : `connection ${connection}`;
    if (!isLookup) this.#suppressLookup(origin, type, key);
    this.#lookups.delete(origin);
    const event = this.#eventOf(fields, key);
    if (event === undefined) return;
    const held: HeldLine = { ...common(fields), event, key };
    this.#hold(held);
    if (!isLookup) return;
    this.#lookups.set(origin, held);
    this.#lookups.set(`key ${key}`, held);
  }

  /** Emit all held lines. */
  end(): void {
    clearTimeout(this.#timer);
    this.#emitUntil(Number.POSITIVE_INFINITY);
  }

  #suppressLookup(origin: string, type: string, key: string): void {
    const lookup = this.#lookups.get(origin);
    if (lookup?.key !== key) return;
    // A deletion is reported only if its own lookup found the item.
    if (type === 'item_store' || (type === 'deleted' && lookup.event?.type === 'CacheHit')) lookup.isSuppressed = true;
  }

  #eventOf(fields: ReadonlyMap<string, string>, encodedKey: string): CacheEvent | undefined {
    const { keys, options } = this.#context;
    const full = uriDecoded(Buffer.from(encodedKey, 'latin1'));
    const isForeign = !keys.isOurs(full);
    if (isForeign && options.everything !== true) return undefined;
    const key = isForeign ? keyFromBytes(full) : keys.short(full);
    if (!isForeign && isTagIdKey(key)) return undefined;
    const type = typeOf(fields, isLaravelLockName(key));
    if (type === undefined || options.wants?.(type, key) === false) return undefined;
    const event = eventOf(type, key, fields);
    return isForeign ? { ...event, isForeign } : event;
  }

  #hold(held: HeldLine): void {
    let at = this.#held.length;
    while (at > 0 && this.#held[at - 1]!.id > held.id) at--;
    this.#held.splice(at, 0, held);
    this.#timer ??= setTimeout(() => this.#check(), HOLD_MS);
  }

  /** On a busy machine the timer is late: lines that have arrived are read before older ones are emitted. */
  #check(): void {
    const receivedBefore = performance.now() - HOLD_MS;
    setImmediate(() => {
      this.#emitUntil(receivedBefore);
      const [first] = this.#held;
      const delay = first && Math.max(CHECK_INTERVAL_MS, first.receivedAt - receivedBefore);
      this.#timer = delay === undefined ? undefined : setTimeout(() => this.#check(), delay);
    });
  }

  #emitUntil(receivedBefore: number): void {
    const young = this.#held.findIndex(({ receivedAt }) => receivedAt > receivedBefore);
    for (const held of this.#held.splice(0, young === -1 ? this.#held.length : young)) this.#emit(held);
    for (const [origin, held] of this.#lookups) if (held.receivedAt <= receivedBefore) this.#lookups.delete(origin);
  }

  #emit({ event, connection, address, isSuppressed }: HeldLine): void {
    const { clients, emit } = this.#context;
    if (event === undefined) {
      clients.set(connection!, address);
    } else if (!isSuppressed) {
      const client = connection === undefined ? undefined : clients.addressOf(connection);
      emit(client === undefined ? event : { ...event, client: { address: client } });
    }
  }
}

function common(
  fields: ReadonlyMap<string, string>,
): Pick<HeldLine, 'connection' | 'id' | 'isSuppressed' | 'receivedAt'> {
  return {
    id: Number(fields.get('gid')),
    connection: fields.get('cfd'),
    isSuppressed: false,
    receivedAt: performance.now(),
  };
}
