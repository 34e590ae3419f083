import { createHash, randomInt } from 'node:crypto';

import type { BulkOptions, Tagged } from '../../contract/store.js';
import type { MemcachedContext } from '../context.js';
import type { Item } from '../protocol/node.js';

import { allDone } from '../../entries/partial-failure.js';
import { Entries, given, type Naming } from '../entries.js';
import { tagIdKey } from '../keys.js';

/**
 * Laravel's tags where keys cannot be listed: each tag has an id, and the ids, in the order of the names, go into the key
 * of what is put under them. A flush gives each tag a new id: what was under the old ones is out of reach, and ages out.
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
    // Else a dry run would say that all is well where the flush is going to fail.
    await (dryRun ? this.#ids() : this.#renew());
  }

  /** The full key of an entry; undefined where a tag has no id, so that nothing can be under it. */
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
    // Whoever cannot read the id cannot read what is under it.
    for (const name of this.#names) this.context.keys.fullToWrite(tagIdKey(name));
    const ids = await this.#ids();
    const head = headOf(await Promise.all(ids.map(async (id, index) => id ?? this.#made(this.#idKeys[index]!))));
    return (key) => this.context.keys.fullToWrite(head + key);
  }

  async #ids(): Promise<ReadonlyArray<string | undefined>> {
    const places = this.#idKeys.map((full) => ({ full }));
    const items = await this.connection.spread(places, async (node, share) => node.read(share.map(({ full }) => full)));
    return items.map((item) => idOf(given(item)));
  }

  /** Two who find none at once agree on one. */
  async #made(key: Buffer): Promise<string> {
    const node = this.connection.at(key);
    const id = newTagId();
    if (await node.add(idWrite(key, id))) return id;
    const [theirs] = await node.read([key]);
    const known = idOf(given(theirs));
    if (known !== undefined) return known;
    // It went again meanwhile, or holds what is none: Laravel writes over that, too.
    given((await node.put([idWrite(key, id)]))[0]);
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

/** What stands before the keys under tags of these ids. */
function headOf(ids: readonly string[]): string {
  return `${createHash('sha1').update(ids.join('|'), 'latin1').digest('hex')}:`;
}

/** What PHP's `uniqid('', true)` gives, without the point: 13 hexadecimal digits of the time, 9 by chance. */
function newTagId(): string {
  const now = Date.now();
  const seconds = Math.floor(now / 1000)
    .toString(16)
    .padStart(8, '0');
  const microseconds = ((now % 1000) * 1000 + randomInt(1000)).toString(16).padStart(5, '0');
  return seconds + microseconds + String(randomInt(1_000_000_000)).padStart(9, '0');
}

/** Ids are bare strings that never expire, whatever the codec of the entries is. */
function idWrite(key: Buffer, id: string): { key: Buffer; value: Buffer; flags: number; expiry: number } {
  return { key, value: Buffer.from(id), flags: 0, expiry: 0 };
}

/** PHP takes an empty string, and `0`, for nothing. */
function idOf(item: Item | undefined): string | undefined {
  const id = item?.value.toString('latin1');
  return id === '' || id === '0' ? undefined : id;
}
