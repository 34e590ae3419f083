import type { Work } from '../../runtime/store-command.js';
import type { ListedLock } from '../../stores/contract/locks.js';
import type { Found } from '../../terminal/prompts.js';

import { UnsupportedError, UsageError } from '../../errors.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { aboutLock } from '../../stores/locks/description.js';
import { readOwner } from '../../stores/locks/owner.js';
import { formatDuration } from '../../terminal/durations.js';
import { canAsk, offered, searchFor } from '../../terminal/picker.js';
import { ttlText } from '../../terminal/value-text.js';
import { selectLocks } from './selection.js';
import { heldByText } from './text.js';

/**
 * The name that was given; undefined when none was, and a person can choose one: then `pickLock` asks.
 * @throws UsageError when there is nobody to ask, before anything is connected
 */
export function namedLock(name: string | undefined, flags: { readonly json: boolean }): string | undefined {
  if (name === undefined && !canAsk(flags))
    throw missingName('Name the lock. At a terminal without --json you can choose one from a list.');
  return name;
}

/**
 * Has the person choose among the locks that are held, as far as they can be told.
 * @param what is going to be done with it: `release`
 * @param owner only those that are its own
 * @throws UsageError where locks cannot be listed, or none is held
 */
export async function pickLock({ store, interruption }: Work, what: string, owner?: string): Promise<string> {
  const search = async (typed: string | undefined, signal: AbortSignal): Promise<Found<ListedLock>> =>
    searchFor(
      typed,
      signal,
      (glob, until) => held(store, glob, until, owner),
      ({ name }) => name,
    );
  const all = await search(undefined, interruption.signal).catch((error: unknown) => {
    throw error instanceof UnsupportedError ? missingName(`Name the lock: ${error.message}.`) : error;
  });
  if (all.items.length === 0 && all.more === undefined) {
    throw missingName(
      `No lock to choose from: none that can be recognized is held${owner === undefined ? '' : ' by that owner'}.`,
    );
  }

  const { chooseOne } = await import('../../terminal/prompts.js');
  const chosen = await chooseOne(
    `Which lock to ${what}? Type to search:`,
    async (typed, signal) => (typed === undefined ? all : search(typed, signal)),
    (lock) => ({ name: offered(`${printKey(lock.name)}  ${holderText(lock)}`), description: aboutText(lock) }),
  );
  return chosen.name;
}

async function* held(
  store: Work['store'],
  pattern: string,
  signal: AbortSignal,
  owner: string | undefined,
): AsyncGenerator<readonly ListedLock[]> {
  for await (const lock of selectLocks({ store, interruption: { signal, by: undefined } }, { pattern })) {
    if (owner === undefined || lock.owner === owner) yield [lock];
  }
}

/** An owner that cachectl made is given by what it says. */
function holderText(lock: ListedLock): string {
  const own = readOwner(lock.owner);
  return own === undefined ? heldByText(lock) : `held by ${own.who}, process ${own.pid}, ${ttlText(lock.ttl)}`;
}

function aboutText(lock: ListedLock): string {
  const { meaning, acquiredAt } = aboutLock(lock.name, lock);
  const since =
    acquiredAt === undefined ? '' : `held for ${formatDuration((Date.now() - acquiredAt.getTime()) / 1000)}`;
  return offered([meaning, since].filter(Boolean).join('; '));
}

function missingName(hint: string): UsageError {
  return new UsageError('missing argument NAME', hint);
}
