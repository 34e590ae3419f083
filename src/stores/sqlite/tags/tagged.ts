import { setImmediate as nextTurn } from 'node:timers/promises';

import type { BulkOptions, Tagged } from '../../contract/store.js';
import type { SqliteContext } from '../context.js';

import { now } from '../../sql/expiry.js';
import { taggedKey } from '../../tags/names.js';
import { Entries } from '../entries.js';
import { taggedKeysUnder } from '../keys.js';
import { bound, type ColumnText } from '../listing/row-keys.js';

/** Rows per transaction. */
const CHUNK = 10_000;

/**
 * Laravel's database cache has no tags. Tagged entries have the same keys as on Redis, and the tag table lists them,
 * with the profile's prefix in front of tag and key.
 */
export class SqliteTagged extends Entries implements Tagged {
  readonly #names: readonly string[];
  /** The key prefix of all entries with these names. */
  readonly #head: string;

  constructor(context: SqliteContext, names: readonly string[]) {
    super(context);
    this.#names = names;
    this.#head = context.prefix + taggedKey(names, '');
  }

  async flush({ dryRun, signal, onProgress }: BulkOptions & { readonly dryRun: boolean }): Promise<number> {
    signal?.throwIfAborted();
    if (!this.connection.run(() => this.tables.has('cache') && this.tables.tagRows() !== undefined)) return 0;
    if (dryRun) return this.#count();
    let done = 0;
    for (const tag of this.#tags()) {
      for (;;) {
        const { listed, removed } = this.connection.write(() => this.#removeSome(tag));
        if (listed === 0) break;
        done += removed;
        onProgress?.({ done });
        // Lets a signal arrive, and other processes write.
        await nextTurn();
        signal?.throwIfAborted();
      }
    }

    return done;
  }

  protected override storedKey(key: string): string {
    return this.#head + key;
  }

  protected override wrote(key: string): void {
    this.tables.create('tags');
    for (const tag of this.#tags()) {
      this.connection
        .statement(`INSERT OR IGNORE INTO ${this.tables.tags} (tag, key) VALUES (CAST(? AS TEXT), CAST(? AS TEXT))`)
        .run(tag, bound(this.storedKey(key)));
    }
  }

  #tags(): readonly ColumnText[] {
    return this.#names.map((name) => bound(this.context.prefix + name));
  }

  #areOurs(): string {
    return taggedKeysUnder(this.context.prefix, 'key');
  }

  #count(): number {
    const { cache } = this.tables;
    return this.connection.run(() => {
      const { count } = this.connection
        .statement<{ count: number }>(
          `SELECT count(*) AS count FROM ${cache} WHERE +expiration > ? AND key IN
           (SELECT key FROM ${this.tables.tagRows()} WHERE tag IN (${this.#names.map(() => 'CAST(? AS TEXT)').join(', ')}) AND ${this.#areOurs()})`,
        )
        .get(now(), ...this.#tags()) as { count: number };
      return count;
    });
  }

  /** `listed`: rows of the tag, stale or not. `removed`: live entries among them. */
  #removeSome(tag: ColumnText): { listed: number; removed: number } {
    const { cache, tags } = this.tables;
    if (!this.tables.has('tags')) return { listed: 0, removed: 0 };
    const some = `SELECT key FROM ${tags} WHERE tag = CAST(? AS TEXT) AND ${this.#areOurs()} ORDER BY key LIMIT ${CHUNK}`;
    const { removed } = this.connection
      .statement<{ removed: number }>(
        `SELECT count(*) AS removed FROM ${cache} WHERE +expiration > ? AND key IN (${some})`,
      )
      .get(now(), tag) as { removed: number };
    this.connection.statement(`DELETE FROM ${cache} WHERE key IN (${some})`).run(tag);
    // Remove them from their other tags too, which would otherwise list missing entries.
    const { changes: listed } = this.connection.statement(`DELETE FROM ${tags} WHERE key IN (${some})`).run(tag);
    return { listed, removed };
  }
}
