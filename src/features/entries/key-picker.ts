import type { Work } from '../../runtime/store-command.js';
import type { ListedEntry } from '../../stores/contract/listing.js';
import type { Store } from '../../stores/contract/store.js';
import type { Found } from '../../terminal/prompts.js';

import { UnsupportedError, UsageError } from '../../errors.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { bytesText } from '../../terminal/numbers.js';
import { canAsk, offered, searchFor } from '../../terminal/picker.js';
import { ttlText } from '../../terminal/value-text.js';

interface KeyFlags {
  readonly json: boolean;
  readonly tags?: readonly string[] | undefined;
}

/**
 * The keys that were named; undefined when none was, and a person can choose one: then `pickKey` asks.
 * @throws UsageError when there is nobody to ask, before anything is connected
 */
export function namedKeys(keys: readonly string[] | undefined, flags: KeyFlags): readonly string[] | undefined {
  if (keys !== undefined && keys.length > 0) return keys;
  if (!canAsk(flags)) throw missingKey('Name the key. At a terminal without --json you can choose one from a list.');
  if (flags.tags) throw missingKey('Name the key. Keys within tags cannot be listed.');
  return undefined;
}

/**
 * Has the person choose among the keys under the prefix.
 * @param what is going to be done with it: `get`
 * @throws UsageError where keys cannot be listed, or there are none
 */
export async function pickKey(
  { store, interruption }: Pick<Work, 'interruption' | 'store'>,
  what: string,
): Promise<string> {
  const search = async (typed: string | undefined, signal: AbortSignal): Promise<Found<Offer>> =>
    searchFor(typed, signal, (glob, until) => offers(store, glob, until), keyOf);
  // Before anybody is asked: what cannot be listed is an error, and so is a server that is gone.
  const all = await search(undefined, interruption.signal).catch((error: unknown) => {
    throw error instanceof UnsupportedError ? missingKey(`Name the key: ${error.message}.`) : error;
  });
  if (all.items.length === 0 && all.more === undefined) {
    throw missingKey(
      `No key to choose from: ${store.prefix === '' ? 'the store is empty' : `none begins with ${store.prefix}`}.`,
    );
  }

  const { chooseOne } = await import('../../terminal/prompts.js');
  const chosen = await chooseOne(
    `Which key to ${what}? Type to search:`,
    async (typed, signal) => (typed === undefined ? all : search(typed, signal)),
    ({ key, about }) => ({ name: offered(printKey(key)), description: about }),
  );
  return chosen.key;
}

interface Offer {
  readonly key: string;
  readonly about: string;
}

function keyOf({ key }: Offer): string {
  return key;
}

/** Entries, with what is known of them, or bare keys where the store lists no more. */
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

function missingKey(hint: string): UsageError {
  return new UsageError('missing argument KEY', hint);
}
