import { UsageError } from '../errors.js';
import { parseKey, parsePattern } from '../stores/entries/printed-key.js';

/** For arguments and flags that name a key, a tag, a lock or an owner: read as they are printed. */
export const asKey = { parse: async (text: string): Promise<string> => readKey(text) };

/** For arguments and flags that are a glob on one of those. */
export const asPattern = { parse: async (text: string): Promise<string> => readPattern(text) };

/** The key that an argument names. @throws UsageError for bytes that were lost before we were started */
export function readKey(argument: string): string {
  checkBytes(argument);
  return parseKey(argument);
}

/** The glob that an argument is. @throws UsageError likewise */
export function readPattern(argument: string): string {
  checkBytes(argument);
  return parsePattern(argument);
}

/** Node gives arguments as text, with U+FFFD for each byte that is not UTF-8: of two keys it would make one. */
function checkBytes(argument: string): void {
  if (!argument.includes('\uFFFD')) return;
  throw new UsageError(
    `"${argument}" holds U+FFFD, which stands for bytes that are not UTF-8`,
    String.raw`Write each such byte as \xHH, e.g. caf\xe9, the way keys prints it. U+FFFD itself is \xef\xbf\xbd.`,
  );
}
