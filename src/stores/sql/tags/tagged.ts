import type { BulkOptions, Tagged } from '../../contract/store.js';
import type { Run } from '../connection.js';
import type { SqlContext } from '../context.js';

import { RefusedError } from '../../../errors.js';
import { keyToBytes } from '../../entries/key-text.js';
import { taggedKey } from '../../tags/names.js';
import { BatchSize } from '../batch-size.js';
import { Entries } from '../entries.js';
import { isTagged, isTaggedKey } from '../keys.js';
import { raw, sql, TRUE } from '../statement.js';
import { textBytes } from '../text.js';

const TAG = raw('tag');

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
    const batch = new BatchSize();
    let done = 0;
    for (const tag of this.#tags()) {
      for (let after: Buffer | undefined, isLast = false; !isLast;) {
        const some = await batch.timedAsync(async () => this.#removeSome(tag, after, batch));
        done += some.removed;
        onProgress?.({ done });
        ({ isLast, last: after } = some);
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

  /** Remove a batch. */
  async #removeSome(tag: Buffer, after: Buffer | undefined, batch: BatchSize): Promise<Removed> {
    const { dialect, entries, tables, prefix } = this.context;
    const { cache, tags } = tables;
    const isBehind = after === undefined ? TRUE : sql`${dialect.key} > ${textBytes(after)}`;
    const listed = sql`SELECT ${dialect.key} FROM ${tags} WHERE tag = ${textBytes(tag)} AND ${isBehind} ORDER BY ${dialect.key}`;
    let most = batch.rows;
    return entries.transaction(async (run) => {
      const rows = most;
      // Fewer after a conflict.
      most = Math.ceil(most / 4);
      const { rows: locked } = await batch.reading(async () =>
        run<{ key: Buffer }>(sql`${listed} LIMIT ${rows} FOR UPDATE`),
      );
      const last = locked.at(-1)?.key;
      const keys = locked.map(({ key }) => key).filter((key) => isTaggedKey(key, prefix));
      const part = { isLast: locked.length < rows, last };
      if (last === undefined || keys.length === 0) return { ...part, removed: 0 };
      const hasOthers = keys.length < locked.length;
      const meant = { cache, tags, tag, prefix, after, last, keys, hasOthers };
      return { ...part, removed: await dialect.removeTagged(run, meant) };
    });
  }
}

interface Removed {
  readonly isLast: boolean;
  readonly last: Buffer | undefined;
  /** Live entries. */
  readonly removed: number;
}
