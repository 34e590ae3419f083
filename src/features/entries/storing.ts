import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { Value } from '../../codecs/value.js';
import type { Repository, Ttl } from '../../stores/contract/store.js';

import { ExitCode, UsageError } from '../../errors.js';
import { creationFlags, tagNames } from '../../runtime/flags.js';
import { keyArgument } from '../../runtime/key-arguments.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { answerJson, note, warn } from '../../terminal/output.js';
import { ttlText } from '../../terminal/value-text.js';
import { checkKeys } from './repository.js';
import { ttlFlags } from './ttl-flags.js';

/** Optional for oclif, so that --file and --from can replace them. */
export const storingArgs = {
  key: Args.string(keyArgument),
  value: Args.string({ description: 'Value to store, or - for standard input.', ignoreStdin: true }),
};

/** For commands that store one entry. */
export const storingFlags = {
  ...ttlFlags,
  tags: tagNames({ summary: 'Tags for the entry. Reading it takes the same tags in the same order.' }),
  as: Flags.option({ options: ['string', 'json'] as const, default: 'string' as const })({
    summary: 'How to read VALUE.',
  }),
  file: Flags.string({ summary: 'Read the value from FILE.', helpValue: 'FILE' }),
  ...creationFlags,
};

/** An entry on the command line. */
export interface WrittenEntry {
  readonly key?: string | undefined;
  readonly value?: string | undefined;
  readonly file?: string | undefined;
  readonly as: 'json' | 'string';
}

/**
 * The entry that the command line describes.
 * @param usage for messages: `put KEY VALUE`
 * @throws UsageError, or InputError for invalid JSON
 */
export async function writtenEntry(
  { key, value, file, as }: WrittenEntry,
  usage: string,
): Promise<{ readonly key: string; readonly value: Value }> {
  if (key === undefined) throw new UsageError('missing argument KEY', `Write ${usage}.`);
  checkKeys([key]);
  const { readValue } = await import('./value-input.js');
  return { key, value: await readValue({ argument: value, file, as, usage }) };
}

export interface EntryToStore {
  readonly key: string;
  readonly value: Value;
  readonly ttl: Ttl;
}

/** Store an entry and report it. @returns the exit code: 1 if the key exists and `ifAbsent` is set */
export async function storeEntry(
  target: Repository,
  { key, value, ttl }: EntryToStore,
  options: { readonly ifAbsent: boolean; readonly json: boolean },
): Promise<number> {
  const stored = options.ifAbsent ? await target.add(key, value, ttl) : true;
  if (!options.ifAbsent) await target.put(key, value, ttl);
  const name = printKey(key);
  if (options.json) await answerJson({ key: name, stored, ttl: stored ? ttl : undefined });
  else if (stored) note(`stored ${name}, ${ttlText(ttl)}`);
  else warn(`${name} is already in the cache and was not changed`);
  return stored ? ExitCode.Yes : ExitCode.No;
}
