import type { Work } from '../../runtime/store-command.js';

import { sameStore } from '../../runtime/select-profile.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { note, notesReachAPerson } from '../../terminal/output.js';

/** The maximum number of keys to check, and the time limit in milliseconds. */
const SAMPLE = 1000;
const MAX_MS = 300;

/**
 * Explain in one line why a key may be a miss, and name the command that shows more. Looks up the key without its tags,
 * or checks a sample of keys. Prints nothing if that finds no reason, takes too long or fails.
 */
export async function explainMiss(
  { store }: Pick<Work, 'store'>,
  key: string,
  tags: readonly string[] | undefined,
): Promise<void> {
  const hint = await Promise.race([
    (tags === undefined ? withoutTags(store, key) : withTags(store, key)).catch(() => {}),
    new Promise<undefined>((resolve) => {
      setTimeout(resolve, MAX_MS, undefined).unref();
    }),
  ]);
  if (hint !== undefined) note(hint);
}

/** Explain the first miss, if a person reads notes. @param there whether each key exists, in the order of `keys` */
export async function explainFirstMiss(
  work: Pick<Work, 'profile' | 'store'>,
  keys: readonly string[],
  there: readonly boolean[],
  { tags, json }: { readonly tags?: readonly string[] | undefined; readonly json: boolean },
): Promise<void> {
  const missed = keys.find((_, index) => !there[index]);
  if (missed !== undefined && !json && notesReachAPerson()) await explainMiss(work, missed, tags);
}

async function withTags(store: Work['store'], key: string): Promise<string | undefined> {
  const [reading] = await store.many([key]);
  const command = `cachectl get ${printKey(key)}${sameStore()}`;
  return reading === undefined ? undefined : `an entry without tags has this key: ${command}`;
}

async function withoutTags(store: Work['store'], key: string): Promise<string | undefined> {
  if (!store.supports('keys')) return undefined;
  let seen = 0;
  for await (const each of store.keys('*')) {
    seen++;
    if (each.endsWith(`:${key}`) && TAGGED.test(each)) {
      return `an entry with tags has this key: cachectl keys ${`'*:${printKey(key)}'`} --long${sameStore()}`;
    }

    if (seen >= SAMPLE) return undefined;
  }

  if (seen > 0 || store.prefix === '') return undefined;
  return `no key begins with ${store.prefix}; which prefixes exist: cachectl doctor${sameStore()}`;
}

/** The hash of tags that Laravel prepends. */
const TAGGED = /^[\da-f]{40}:/;
