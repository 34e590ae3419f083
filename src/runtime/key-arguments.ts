import { UsageError } from '../errors.js';
import { parseKey, parsePattern } from '../stores/entries/printed-key.js';

/** For arguments and flags that name a key, a tag, a lock or an owner, in the form in which cachectl prints them. */
export const asKey = { parse: async (text: string): Promise<string> => readKey(text) };

/** For arguments and flags that are a glob on one of those. */
export const asPattern = { parse: async (text: string): Promise<string> => readPattern(text) };

/** The argument of commands that take keys. */
export const keyArgument = { description: 'Key without its prefix.', ignoreStdin: true, ...asKey } as const;

/** The argument of commands that list or export. Commands that take keys, or nothing, have --pattern instead. */
export const patternArgument = {
  description: 'Only keys that match this glob, e.g. users:*',
  ignoreStdin: true,
  ...asPattern,
} as const;

/** The argument of commands that take locks. */
export const lockArgument = {
  description: 'Name of the lock, without its prefix.',
  ignoreStdin: true,
  ...asKey,
} as const;

/** The key that an argument names. @throws UsageError for bytes that Node could not decode */
export function readKey(argument: string): string {
  checkBytes(argument);
  return parseKey(argument);
}

/** The glob that an argument is. @throws UsageError likewise */
function readPattern(argument: string): string {
  checkBytes(argument);
  return parsePattern(argument);
}

/** Node decodes arguments and puts U+FFFD for each byte that is not UTF-8, so two keys could become one. */
function checkBytes(argument: string): void {
  if (!argument.includes('\uFFFD')) return;
  throw new UsageError(
    `"${argument}" contains U+FFFD, which replaces bytes that are not UTF-8`,
    String.raw`Write each such byte as \xHH, e.g. caf\xe9, as keys prints it. U+FFFD itself is \xef\xbf\xbd.`,
  );
}
