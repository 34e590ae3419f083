import type { Work } from '../../runtime/store-command.js';
import type { ListedLock, Lock, LockHolder } from '../../stores/contract/locks.js';

import { WrongTypeError } from '../../errors.js';
import { parseKey, printKey } from '../../stores/entries/printed-key.js';
import { aboutLock } from '../../stores/locks/description.js';
import { readOwner } from '../../stores/locks/owner.js';
import { lockDetector } from '../../stores/locks/rule.js';
import { formatDuration } from '../../terminal/durations.js';
import { canAsk, missingArgument, offered, pick } from '../../terminal/picker.js';
import { ttlText } from '../../terminal/value-text.js';
import { selectLocks } from './selection.js';
import { heldByText } from './text.js';

/**
 * The name on the command line; undefined if there is none and `pickLock` can ask for one.
 * @throws UsageError if no one can be asked, before connecting
 */
export function namedLock(name: string | undefined, flags: { readonly json: boolean }): string | undefined {
  if (name === undefined && !canAsk(flags)) {
    throw missingArgument('NAME', 'Name the lock. At a terminal without --json you can choose one from a list.');
  }

  return name;
}

/**
 * Ask a person to choose a held lock, among those that the store can recognize.
 * @param verb of the command, such as `release`
 * @param owner offer only locks of this owner
 * @throws UsageError if locks cannot be listed or none is held
 */
export async function pickLock({ store, interruption }: Work, verb: string, owner?: string): Promise<string> {
  return pick<ListedLock>(
    {
      argument: 'NAME',
      noun: 'lock',
      verb,
      none: `No lock to choose from: no recognizable lock is held${owner === undefined ? '' : ' by that owner'}.`,
      reconnect: async () => store.reconnect?.({ onlyClosed: true }),
      find: (names, signal) => held(store, names, signal, owner),
      nameOf: ({ name }) => name,
      exact: async (name) => exactLock(store, name, owner),
      show: (lock) => ({
        name: offered(`${printKey(lock.name)}  ${holderText(lock)}`),
        short: offered(printKey(lock.name)),
        description: aboutText(lock),
      }),
    },
    interruption.signal,
  );
}

/** The lock whose name was typed in full. Among entries, only if it can be recognized. */
async function exactLock(
  store: Work['store'],
  typed: string,
  owner: string | undefined,
): Promise<ListedLock | undefined> {
  const name = parseKey(typed);
  const holder = await holderOf(store.lock(name));
  if (holder === undefined || (owner !== undefined && holder.owner !== owner)) return undefined;
  const detectedBy = store.traits.lockStorage === 'separate' ? 'place' : detectByForm(name, holder.owner);
  return detectedBy && { ...holder, name, detectedBy };
}

/** Undefined if the key does not hold a lock. */
async function holderOf(lock: Lock): Promise<LockHolder | undefined> {
  try {
    return await lock.holder();
  } catch (error) {
    if (error instanceof WrongTypeError) return undefined;
    throw error;
  }
}

const detectByForm = lockDetector({ isPlaceOfLocks: false, ownersStandOut: false, goesByNames: false });

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

/** The holder as named in cachectl's owner token. */
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
