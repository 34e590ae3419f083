import type { MongodbContext } from './context.js';

import { RefusedError } from '../../errors.js';

/** The collection that a first write would create. Undefined if it exists, or if this user may not list collections. */
export async function unmade(
  { connection }: MongodbContext,
  place: 'entries' | 'locks' | 'tags',
): Promise<string | undefined> {
  const { collection, lockCollection } = connection.profile;
  const name = place === 'locks' ? lockCollection : collection;
  try {
    const request = { listCollections: 1, filter: { name }, nameOnly: true };
    const { cursor } = await connection.run(async ({ command }) => command('database', request));
    const found = (cursor as { readonly firstBatch: ReadonlyArray<{ readonly name?: unknown }> }).firstBatch;
    return found.some((each) => each.name === name) ? undefined : `the collection ${name}`;
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}
