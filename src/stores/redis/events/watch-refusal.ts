import { type CachectlError, RefusedError } from '../../../errors.js';
import { refused } from '../errors.js';

/**
 * Explain why a server refused MONITOR, SUBSCRIBE or HELLO 3.
 * @param words the error reply
 */
export function watchRefusal(words: string, location: string): CachectlError {
  const known = refused(words, location);
  const refusal = (message: string, hint: string): RefusedError =>
    new RefusedError(`${location} ${message}`, hint, { cause: known.cause });
  const [, unknown] = UNKNOWN.exec(words) ?? [];
  if (words.startsWith('NOPROTO') || unknown?.toUpperCase() === 'HELLO') {
    return refusal('does not speak RESP3', 'MONITOR needs Redis 6 or later. Use --source notifications.');
  }

  if (unknown !== undefined || UNAVAILABLE.test(words)) {
    return refusal(
      `does not offer ${unknown?.toUpperCase() ?? 'a command for watching'}: ${words.replace(/^ERR /, '').split(',')[0]}`,
      'It was renamed or disabled there. To see writes and deletions: cachectl events:tail --source notifications.',
    );
  }

  if (!words.startsWith('NOPERM')) return known;
  return /\bchannel/i.test(words)
    ? refusal(
        'does not let this user subscribe to its channels',
        "Grant them: ACL SETUSER NAME '&__key*' '&cachectl:*' (or '&*' for all).",
      )
    : refusal(
        'does not let this user watch it',
        'Grant MONITOR and SUBSCRIBE (ACL SETUSER … +monitor +subscribe), or use --source notifications.',
      );
}

/** Redis, Valkey and others: `ERR unknown command 'MONITOR', with args …`. */
const UNKNOWN = /^ERR unknown command\s+['"`]?(\w+)/i;

/** Replies of hosting providers. */
const UNAVAILABLE = /^ERR (?:unsupported command\b|(?:this redis )?command\b.*\bnot (?:allowed|available|support))/i;
