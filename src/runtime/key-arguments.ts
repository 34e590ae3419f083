import { UsageError } from '../errors.js';
import { parseKey, parsePattern } from '../stores/entries/printed-key.js';

/** For arguments and flags that take a key, tag, lock or owner, in the form in which cachectl prints them. */
export const asKey = { parse: async (text: string): Promise<string> => readKey(text) };

/** For arguments and flags that take a glob on one of those. */
export const asPattern = { parse: async (text: string): Promise<string> => readPattern(text) };

/** The argument of commands that take keys. */
export const keyArgument = { description: 'Key without its prefix.', ignoreStdin: true, ...asKey } as const;

/** The argument of commands that list or export. Other commands have --pattern. */
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

/** Parse an argument as a key. @throws UsageError for bytes that Node could not decode */
export function readKey(argument: string): string {
  checkBytes(argument);
  return parseKey(argument);
}

/** Parse an argument as a glob. @throws UsageError for bytes that Node could not decode */
function readPattern(argument: string): string {
  checkBytes(argument);
  return parsePattern(argument);
}

/** Node replaces each byte of an argument that is not UTF-8 by U+FFFD, so two keys could become one. */
function checkBytes(argument: string): void {
  if (!argument.includes('\uFFFD')) return;
  throw new UsageError(
    `"${argument}" contains U+FFFD, which replaces bytes that are not UTF-8`,
    String.raw`Write each such byte as \xHH, e.g. caf\xe9, as keys prints it. U+FFFD itself is \xef\xbf\xbd.`,
  );
}
