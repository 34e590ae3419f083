import type { RenameOutcome } from '../contract/store.js';
import type { SqliteContext } from './context.js';

import { now } from '../sql/expiry.js';
import { bound } from './listing/row-keys.js';

/** In one transaction, with its ttl. */
export async function rename(
  { connection, tables, prefix }: SqliteContext,
  from: string,
  to: string,
  { overwrite }: { readonly overwrite: boolean },
): Promise<RenameOutcome> {
  if (!connection.run(() => tables.has('cache'))) return 'missing';
  return connection.write(() => {
    const live = connection.statement(
      `SELECT 1 AS live FROM ${tables.cache} WHERE key = CAST(? AS TEXT) AND expiration > ?`,
    );
    const [oldKey, newKey] = [bound(prefix + from), bound(prefix + to)];
    if (live.get(oldKey, now()) === undefined) return 'missing';
    if (!overwrite && live.get(newKey, now()) !== undefined) return 'taken';
    connection.statement(`DELETE FROM ${tables.cache} WHERE key = CAST(? AS TEXT)`).run(newKey);
    connection
      .statement(`UPDATE ${tables.cache} SET key = CAST(? AS TEXT) WHERE key = CAST(? AS TEXT)`)
      .run(newKey, oldKey);
    return 'renamed';
  });
}
