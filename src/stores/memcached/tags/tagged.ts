import { createHash, randomInt } from 'node:crypto';

import type { BulkOptions, Tagged } from '../../contract/store.js';
import type { MemcachedContext } from '../context.js';
import type { Item } from '../protocol/node.js';
import type { Naming } from '../readings.js';

import { allDone } from '../../entries/partial-failure.js';
import { Entries, valueOrThrow } from '../entries.js';
import { tagIdKey } from '../keys.js';

/**
 * Laravel's tags on a store that cannot list keys: each tag has an id, and the key of an entry contains a hash of the
 * ids in the order of the names. A flush gives each tag a new id, so that old entries are never found again; they stay
 * until they expire or are evicted.
 */
export class MemcachedTagged extends Entries implements Tagged {
  readonly #names: readonly string[];
  readonly #idKeys: readonly Buffer[];

  constructor(context: MemcachedContext, names: readonly string[]) {
    super(context);
    this.#names = names;
    this.#idKeys = names.map((name) => context.keys.full(tagIdKey(name)));
  }

  async flush({ signal, dryRun }: BulkOptions & { readonly dryRun: boolean }): Promise<undefined> {
    signal?.throwIfAborted();
    // A dry run reads the ids, so that it fails where the flush would.
    await (dryRun ? this.#ids() : this.#renew());
  }

  /** The full key of an entry. Undefined if a tag has no id, so that no entry can exist. */
  async fullKey(key: string): Promise<Buffer | undefined> {
    const naming = await this.naming();
    return naming?.(key);
  }

  async keyOf(key: string): Promise<string | undefined> {
    const full = await this.fullKey(key);
    return full && this.context.keys.short(full);
  }

  protected override async naming(): Promise<Naming | undefined> {
    const ids = await this.#ids();
    if (!ids.every((id) => id !== undefined)) return undefined;
    const head = headOf(ids);
    return (key) => this.context.keys.full(head + key);
  }

  protected override async namingToWrite(): Promise<Naming> {
    // An application that cannot read a tag's id cannot read its entries.
    for (const name of this.#names) this.context.keys.fullToWrite(tagIdKey(name));
    const ids = await this.#ids();
    const head = headOf(await Promise.all(ids.map(async (id, index) => id ?? this.#createId(this.#idKeys[index]!))));
    return (key) => this.context.keys.fullToWrite(head + key);
  }

  async #ids(): Promise<ReadonlyArray<string | undefined>> {
    const places = this.#idKeys.map((full) => ({ full }));
    const items = await this.connection.spread(places, async (node, share) => node.read(share.map(({ full }) => full)));
    return items.map((item) => idOf(valueOrThrow(item)));
  }

  /** Two clients that create an id at the same time end up with the same one. */
  async #createId(key: Buffer): Promise<string> {
    const node = this.connection.at(key);
    const id = newTagId();
    if (await node.add(idWrite(key, id))) return id;
    const [theirs] = await node.read([key]);
    const known = idOf(valueOrThrow(theirs));
    if (known !== undefined) return known;
    // It was removed in between, or is invalid: overwrite it as Laravel does.
    valueOrThrow((await node.put([idWrite(key, id)]))[0]);
    return id;
  }

  async #renew(): Promise<void> {
    const errors = await this.connection.spread(
      this.#idKeys.map((full) => ({ full })),
      async (node, share) => node.put(share.map(({ full }) => idWrite(full, newTagId()))),
    );
    allDone('flushed', this.#names, 'tags', errors);
  }
}

/** The prefix of keys under tags with these ids. */
function headOf(ids: readonly string[]): string {
  return `${createHash('sha1').update(ids.join('|'), 'latin1').digest('hex')}:`;
}

/** PHP's `uniqid('', true)` without the point: 13 hexadecimal digits of the time, 9 random digits. */
function newTagId(): string {
  const now = Date.now();
  const seconds = Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0');
  const microseconds = ((now % 1000) * 1000 + randomInt(1000)).toString(16).padStart(5, '0');
  return seconds + microseconds + String(randomInt(1_000_000_000)).padStart(9, '0');
}

/** Ids are unserialized strings that never expire, with every codec. */
function idWrite(key: Buffer, id: string): { key: Buffer; value: Buffer; flags: number; expiry: number } {
  return { key, value: Buffer.from(id), flags: 0, expiry: 0 };
}

/** An empty string and `0` are falsy in PHP, so Laravel treats them as missing. */
function idOf(item: Item | undefined): string | undefined {
  const id = item?.value.toString('latin1');
  return id === '' || id === '0' ? undefined : id;
}
