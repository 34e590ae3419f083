import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { TagResolver } from '../tags/resolver.js';
import type { Callers } from './callers.js';

/** Lookups for what events lack. */
interface Sources {
  /** For the tags of entries. */
  readonly tags: TagResolver | undefined;
  /** For the names of clients. */
  readonly callers?: Callers;
}

/**
 * Add tags and client names, looked up once per batch. Drops events that do not match and keeps the order of the
 * others.
 */
export async function* enrich(
  batches: AsyncIterable<readonly CacheEvent[]>,
  { matches }: Pick<EventsOptions, 'matches'>,
  { tags, callers }: Sources,
): AsyncGenerator<readonly CacheEvent[]> {
  const isAnonymous = ({ client }: CacheEvent): boolean =>
    callers !== undefined && client?.address !== undefined && !callers.isKnown(client.address);
  const tagsOf = ({ key, isForeign }: CacheEvent): Promise<readonly string[]> | readonly string[] | undefined =>
    tags === undefined || key === undefined || isForeign ? undefined : (tags.known(key) ?? tags.ofUsed(key));

  for await (const events of batches) {
    if (events.some((event) => isAnonymous(event))) {
      await callers!.lookFor(events.flatMap(({ client }) => client?.address ?? []));
    }

    const enriched: CacheEvent[] = [];
    for (const event of events) {
      const carried = tagsOf(event);
      const found = carried instanceof Promise ? await carried : carried;
      const name = event.client?.address === undefined ? undefined : callers?.nameOf(event.client.address);
      const full = {
        ...event,
        ...(found && found.length > 0 && { tags: found }),
        ...(name !== undefined && { client: { ...event.client, name } }),
      };
      if (matches?.(full) !== false) enriched.push(full);
    }

    if (enriched.length > 0) yield enriched;
  }
}
