import type { Work } from '../../runtime/store-command.js';
import type { ListedEntry } from '../../stores/contract/listing.js';
import type { Store } from '../../stores/contract/store.js';

import { parseKey, printKey } from '../../stores/entries/printed-key.js';
import { bytesText } from '../../terminal/numbers.js';
import { canAsk, missingArgument, offered, pick } from '../../terminal/picker.js';
import { ttlText } from '../../terminal/value-text.js';

interface KeyFlags {
  readonly json: boolean;
  readonly tags?: readonly string[] | undefined;
}

/**
 * The keys on the command line; undefined if there are none and `pickKey` can ask for one.
 * @throws UsageError if no one can be asked, before connecting
 */
export function namedKeys(keys: readonly string[] | undefined, flags: KeyFlags): readonly string[] | undefined {
  if (keys !== undefined && keys.length > 0) return keys;
  if (!canAsk(flags)) {
    throw missingArgument('KEY', 'Name the key. At a terminal without --json you can choose one from a list.');
  }

  if (flags.tags) throw missingArgument('KEY', 'Name the key. Keys within tags cannot be listed.');
  return undefined;
}

/**
 * Ask a person to choose a key under the prefix.
 * @param verb of the command: `get`
 * @throws UsageError if keys cannot be listed, or there are none
 */
export async function pickKey(
  { store, interruption }: Pick<Work, 'interruption' | 'store'>,
  verb: string,
): Promise<string> {
  return pick<Offer>(
    {
      argument: 'KEY',
      noun: 'key',
      verb,
      none: `No key to choose from: ${store.prefix === '' ? 'the store is empty' : `none begins with ${store.prefix}`}.`,
      reconnect: async () => store.reconnect?.({ onlyClosed: true }),
      find: (glob, signal) => offers(store, glob, signal),
      nameOf: ({ key }) => key,
      exact: async (key) => exactOffer(store, key),
      show: ({ key, about }) => ({ name: offered(printKey(key)), description: about }),
    },
    interruption.signal,
  );
}

interface Offer {
  readonly key: string;
  readonly about: string;
}

/** Find the key that was typed in full. Among many keys, a search might not reach it. */
async function exactOffer(store: Store, typed: string): Promise<Offer | undefined> {
  const key = parseKey(typed);
  const [reading] = await store.many([key]);
  if (reading === undefined || reading instanceof Error) return undefined;
  return { key, about: `${bytesText(reading.stored.length)}, ${ttlText(reading.ttl)}` };
}

/** Entries with their size and TTL, or only keys if the store does not list entries. */
async function* offers(store: Store, pattern: string, signal: AbortSignal): AsyncGenerator<readonly Offer[]> {
  if (store.entries) {
    for await (const page of store.entries({ pattern, signal })) {
      yield page.filter(({ lock }) => lock === undefined).map((entry) => ({ key: entry.key, about: aboutText(entry) }));
    }

    return;
  }

  for await (const key of store.keys(pattern)) {
    signal.throwIfAborted();
    yield [{ key, about: '' }];
  }
}

function aboutText({ size, ttl }: ListedEntry): string {
  return `${bytesText(size)}, ${ttlText(ttl)}`;
}
