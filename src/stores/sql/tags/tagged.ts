import type { BulkOptions, Tagged } from '../../contract/store.js';
import type { Run } from '../connection.js';
import type { SqlContext } from '../context.js';

import { RefusedError } from '../../../errors.js';
import { keyToBytes } from '../../entries/key-text.js';
import { taggedKey } from '../../tags/names.js';
import { Entries } from '../entries.js';
import { isTagged, isTaggedKey } from '../keys.js';
import { raw, sql, TRUE } from '../statement.js';
import { textBytes } from '../text.js';

const TAG = raw('tag');

/** Keys per statement. */
const KEYS_AT_ONCE = 1000;

/**
 * Laravel's database cache has no tags. Tagged entries have the same keys as on Redis, and a table of cachectl lists
 * them, with the profile's prefix before tag and key. A write and a flush lock their rows of this table first.
 */
export class SqlTagged extends Entries implements Tagged {
  readonly #names: readonly string[];
  /** The key prefix of all entries with these names. */
  readonly #head: string;

  constructor(context: SqlContext, names: readonly string[]) {
    super(context);
    this.#names = names;
    this.#head = context.prefix + taggedKey(names, '');
  }

  async flush({ dryRun, signal, onProgress }: BulkOptions & { readonly dryRun: boolean }): Promise<number> {
    signal?.throwIfAborted();
    if (!(await this.context.tables.has('tags'))) return 0;
    if (dryRun) return this.#count();
    let done = 0;
    for (const tag of this.#tags()) {
      for (let after: Buffer | undefined, isLast = false; !isLast;) {
        const { rows, last, removed } = await this.#removeSome(tag, after);
        done += removed;
        onProgress?.({ done });
        isLast = rows < KEYS_AT_ONCE;
        after = last;
        signal?.throwIfAborted();
      }
    }

    return done;
  }

  protected override get hasTags(): boolean {
    return true;
  }

  protected override storedKey(key: string): string {
    return this.#head + key;
  }

  override async prepare(): Promise<void> {
    await this.context.tables.ensure('tags', async () => this.#askForTable());
  }

  protected override async record(keys: readonly string[], run: Run): Promise<void> {
    const { dialect, tables } = this.context;
    const rows = keys.flatMap((key) => this.#tags().map((tag) => ({ tag, key: keyToBytes(this.storedKey(key)) })));
    await run(dialect.insertTags(tables.tags, rows));
  }

  async #askForTable(): Promise<void> {
    const { entries, mayCreate, tables } = this.context;
    const table = tables.nameOf('tags');
    const purpose = 'which holds the tags of entries';
    if (mayCreate !== undefined) return mayCreate({ what: `the table ${table}`, purpose, where: entries.location });
    throw new RefusedError(
      `${entries.location} has no table ${table}, ${purpose}`,
      'Laravel has no tags there, so cachectl needs a table of its own. Create it: cachectl doctor --fix',
    );
  }

  #tags(): readonly Buffer[] {
    return this.#names.map((name) => keyToBytes(this.context.prefix + name));
  }

  async #count(): Promise<number> {
    const { dialect, entries, tables, prefix } = this.context;
    const key = sql`tags.${dialect.key}`;
    const { rows } = await entries.run<{ count: number }>(
      sql`SELECT count(DISTINCT ${key}) AS count FROM ${tables.tags} AS tags
          JOIN ${tables.cache} AS cache ON cache.${dialect.key} = ${key}
          WHERE ${dialect.isOneOf(TAG, this.#tags())} AND ${isTagged(dialect, key, prefix)}
          AND cache.expiration > ${dialect.now}`,
    );
    return rows[0]!.count;
  }

  /** Remove a batch. `rows` counts the tag's rows, stale ones too; `removed` counts live entries. */
  async #removeSome(tag: Buffer, after: Buffer | undefined): Promise<Removed> {
    const { dialect, entries, tables, prefix } = this.context;
    return entries.transaction(async (run) => {
      const isBehind = after === undefined ? TRUE : sql`${dialect.key} > ${textBytes(after)}`;
      const { rows } = await run<{ key: Buffer }>(
        sql`SELECT ${dialect.key} FROM ${tables.tags} WHERE tag = ${textBytes(tag)} AND ${isBehind}
            ORDER BY ${dialect.key} LIMIT ${KEYS_AT_ONCE} FOR UPDATE`,
      );
      const last = rows.at(-1)?.key;
      // Another prefix and tag may concatenate to the same bytes. Filtered here, because it confuses query planners.
      const keys = rows.map(({ key }) => key).filter((key) => isTaggedKey(key, prefix));
      if (keys.length === 0) return { rows: rows.length, last, removed: 0 };
      // By key: with a join on the tag table, planners scan whole tables.
      const areThese = dialect.isOneOf(dialect.key, keys);
      const isLive = sql`expiration + 0 > ${dialect.now}`;
      const { count: removed } = await run(sql`DELETE FROM ${tables.cache} WHERE ${areThese} AND ${isLive}`);
      if (removed < keys.length) await run(sql`DELETE FROM ${tables.cache} WHERE ${areThese}`);
      // Remove the keys from their other tags too, which would otherwise list missing entries.
      await run(sql`DELETE FROM ${tables.tags} WHERE ${areThese}`);
      return { rows: rows.length, last, removed };
    });
  }
}

interface Removed {
  readonly rows: number;
  readonly last: Buffer | undefined;
  readonly removed: number;
}
