import { stat } from 'node:fs/promises';

import type { PlaceDoubt } from '../contract/doctor.js';
import type { FileContext } from './context.js';

import { translating, unlessMissing } from './errors.js';

/** Report a missing folder of entries or locks. Undefined if it exists. */
export async function missingPlace(
  { folder, lockFolder }: FileContext,
  place: 'entries' | 'locks',
): Promise<PlaceDoubt | undefined> {
  const { path } = place === 'entries' ? folder : lockFolder;
  if (await exists(path)) return undefined;
  const key = place === 'entries' ? 'path' : 'lockPath';
  return {
    kind: 'absent',
    message: `there is no cache at ${path}: the folder does not exist yet`,
    hint: `Check ${key} in the profile or URL. If the cache is new, the first write creates the folder.`,
  };
}

/** Describe what the first write would create. */
export async function unmade(
  { folder, lockFolder }: FileContext,
  place: 'entries' | 'locks' | 'tags',
): Promise<string | undefined> {
  const { path } = place === 'locks' ? lockFolder : folder;
  return (await exists(path)) ? undefined : `the folder ${path}`;
}

async function exists(path: string): Promise<boolean> {
  const stats = await translating(path, async () => unlessMissing(stat(path)));
  return stats !== undefined;
}
