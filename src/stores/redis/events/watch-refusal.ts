import { type CachectlError, RefusedError } from '../../../errors.js';
import { refused } from '../errors.js';

/**
 * Why a server does not let itself be watched by MONITOR, SUBSCRIBE and, where both share a connection, HELLO 3.
 * @param words of the server, as it sent them
 */
export function watchRefusal(words: string, location: string): CachectlError {
  const [, unknown] = UNKNOWN.exec(words) ?? [];
  if (words.startsWith('NOPROTO') || unknown?.toUpperCase() === 'HELLO') {
    const hint = 'MONITOR is read from Redis 6 on; use --source notifications.';
    return new RefusedError(`${location} does not speak RESP3`, hint);
  }

  if (unknown !== undefined || UNAVAILABLE.test(words)) {
    return new RefusedError(
      `${location} does not offer ${unknown?.toUpperCase() ?? 'what watching takes'}: ${words.replace(/^ERR /, '').split(',')[0]}`,
      'It was renamed or switched off there. To see writes and deletions: cachectl events:tail --source notifications.',
    );
  }

  if (!words.startsWith('NOPERM')) return refused(words, location);
  if (/\bchannel/i.test(words)) {
    return new RefusedError(
      `${location} does not let this user hear its channels`,
      "Grant them: ACL SETUSER NAME '&__key*' '&cachectl:*' (or '&*' for all).",
    );
  }

  return new RefusedError(
    `${location} does not let this user watch it`,
    'Grant it MONITOR and SUBSCRIBE (ACL SETUSER … +monitor +subscribe), or use --source notifications.',
  );
}

/** As Redis, Valkey and others say it: `ERR unknown command 'MONITOR', with args …`. */
const UNKNOWN = /^ERR unknown command\s+['"`]?(\w+)/i;

/** As providers do. */
const UNAVAILABLE = /^ERR (?:unsupported command\b|(?:this redis )?command\b.*\bnot (?:allowed|available|support))/i;
