import type { BulkOptions, Tagged } from '../../contract/store.js';
import type { MongodbContext } from '../context.js';
import type { EntryDocument } from '../deployment.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { taggedKey } from '../../tags/names.js';
import { Entries } from '../entries.js';
import { DATED, isLive, later } from '../expiry.js';
import { storable } from '../ids.js';
import { taggedIdsUnder } from '../keys.js';

/**
 * mongodb/laravel-mongodb has no tags. Tagged entries have the same keys as on Redis, and their tags are in an array
 * field, each with the profile's prefix.
 */
export class MongodbTagged extends Entries implements Tagged {
  readonly #tags: readonly string[];
  /** The prefix of all keys under these tags. */
  readonly #head: string;

  constructor(context: MongodbContext, names: readonly string[]) {
    super(context);
    this.#tags = names.map((name) => storable(context.prefix + name));
    this.#head = context.prefix + taggedKey(names, '');
  }

  async flush({ dryRun, signal, onProgress }: BulkOptions & { readonly dryRun: boolean }): Promise<number> {
    signal?.throwIfAborted();
    const tagged = { tags: { $in: this.#tags }, _id: taggedIdsUnder(this.context.prefix), ...DATED };
    if (dryRun) {
      return this.connection.run(async ({ entries, now }) =>
        entries.countDocuments({ ...tagged, expires_at: later(now()) }),
      );
    }

    let done = 0;
    for (;;) {
      const page = await this.connection.run(async ({ entries, now }) => {
        const found = await entries.find({ ...tagged }, { projection: { expires_at: 1 }, limit: PAGE_SIZE }).toArray();
        // A document that replaces it under the same `_id` has the same tags, since the `_id` contains their hash.
        const removals = found.map(({ _id }) => ({ deleteOne: { filter: { _id } } }));
        if (removals.length > 0) await entries.bulkWrite(removals, { ordered: false });
        const at = now();
        return { found: found.length, live: found.filter(({ expires_at }) => isLive(expires_at, at)).length };
      });
      done += page.live;
      if (page.found > 0) onProgress?.({ done });
      if (page.found < PAGE_SIZE) return done;
      signal?.throwIfAborted();
    }
  }

  protected override id(key: string): string {
    return storable(this.#head + key);
  }

  protected override tagging(): Pick<EntryDocument, 'tags'> {
    return { tags: [...this.#tags] };
  }
}
