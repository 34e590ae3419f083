import type { Repository, Store } from '../../stores/contract/store.js';

import { UsageError } from '../../errors.js';

/** @throws UsageError for a key that no cache can hold */
export function checkKeys(keys: readonly string[]): void {
  if (keys.includes('')) {
    throw new UsageError('the key is empty', 'Is a variable unset? Quote it and check it: "${KEY:?}"');
  }
}

/** The entries that a command works on: the whole store, or those within tags. */
export function entriesOf(store: Store, tags: readonly string[] | undefined): Repository {
  return tags === undefined ? store : store.tags(tags);
}
