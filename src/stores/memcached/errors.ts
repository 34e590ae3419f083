import { CachectlError, RefusedError, TimeoutError, UnansweredError, UnreachableError } from '../../errors.js';
import { handshakeFault, networkError, networkFault, noAnswer, UNACKNOWLEDGED } from '../network/errors.js';
import { LargeReplyError, tooLargeReply } from '../network/reply-limit.js';
import { TLS_TERMS, wantsLogin, wantsTextLogin } from './protocol/access-errors.js';
import { GarbageError } from './protocol/garbage-error.js';

/** Translate an error of the network or the parser into one that names the server. */
export function translated(error: unknown, location: string): CachectlError {
  if (error instanceof CachectlError) return error;
  if (error instanceof GarbageError) return noMemcached(location, error.message, { cause: error });
  if (error instanceof LargeReplyError) return tooLargeReply(error, location, error);
  const fault = networkFault(error, TLS_TERMS);
  if (fault !== undefined) return networkError(fault, location, error);
  return new UnreachableError(`${location} failed: ${messageOf(error)}`, DOCTOR_HINT, { cause: error });
}

/** A failure before the end of the TLS handshake. */
export function handshakeFailed(error: unknown, location: string): CachectlError {
  return networkError(handshakeFault(error, TLS_TERMS), location, error);
}

/** No connection within `--timeout`. */
export function notConnected(location: string): TimeoutError {
  return new TimeoutError(
    `${location} did not accept the connection in time`,
    'Allow more time with --timeout 30s, or check the network.',
  );
}

/** Sent, and not answered within `--timeout`. */
export function notAnswered(location: string): UnansweredError {
  return new UnansweredError(`${location} ${noAnswer.what}`, noAnswer.hint);
}

/** The other side ended it. */
export function closed(location: string): UnreachableError {
  return new UnreachableError(
    `${location} closed the connection`,
    `It may have restarted. Check its log, or run: cachectl doctor. ${UNACKNOWLEDGED}`,
  );
}

/** The other side is no Memcached server, or speaks another of its protocols. */
export function noMemcached(location: string, what: string, options?: ErrorOptions): RefusedError {
  return new RefusedError(
    `${location} does not speak the Memcached protocol: it sent ${what}`,
    'Check the port. cachectl doctor shows each step of the connection.',
    options,
  );
}

/** An error line: `ERROR`, `CLIENT_ERROR ...`, `SERVER_ERROR ...`, and some without such a prefix. */
export function refusedBy(location: string, line: string): CachectlError {
  const rule = REFUSALS.find(({ matches }) => matches.test(line));
  if (rule) return rule.make(location, {});
  if (!/^[A-Z]+_?ERROR\b|^[A-Z]+ /.test(line)) return noMemcached(location, JSON.stringify(line.slice(0, 60)));
  const message = line.replace(/^(?:CLIENT_|SERVER_)?ERROR /, '');
  return new RefusedError(
    `${location} refused: ${message}`,
    'This is the server’s own message. To check the server and the profile, run: cachectl doctor',
  );
}

/** A line without a request: a server at its client limit sends an error first. */
export function unsolicited(location: string, line: string): CachectlError {
  return /ERROR/.test(line) ? refusedBy(location, line) : noMemcached(location, JSON.stringify(line.slice(0, 60)));
}

/** An error status of the binary protocol. */
export function refusedWith(location: string, status: number): CachectlError {
  switch (status) {
    case Status.NotAuthorised: {
      return wantsLogin(location);
    }

    case Status.OutOfMemory: {
      return outOfMemory(location, {});
    }

    case Status.UnknownCommand: {
      return new RefusedError(
        `${location} does not know the command`,
        'It may be older than Memcached 1.4.8, or a proxy.',
      );
    }

    default: {
      return new RefusedError(
        `${location} refused with status 0x${status.toString(16).padStart(4, '0')}`,
        'The documentation of the Memcached binary protocol lists the status codes.',
      );
    }
  }
}

/** Status codes of the binary protocol. */
export const Status = {
  Done: 0x00,
  NotFound: 0x01,
  Exists: 0x02,
  TooLarge: 0x03,
  NotStored: 0x05,
  NotAuthorised: 0x20,
  UnknownCommand: 0x81,
  OutOfMemory: 0x82,
} as const;

/** Details of an item that is too large. */
export interface Oversize {
  /** Bytes of key and value. */
  readonly size: number;
  /** The server's item size limit in bytes, if known. */
  readonly limit: number | undefined;
  /** Whether the server has removed the old value, as it does when it refuses a `set`. */
  readonly isOldRemoved: boolean;
}

export function tooLarge(location: string, key: string, { size, limit, isOldRemoved }: Oversize): RefusedError {
  const most = limit === undefined ? '' : `, and the limit is ${limit.toLocaleString('en')} bytes`;
  const old = isOldRemoved ? OLD_REMOVED : '';
  // Room for the item's header.
  const megabytes = Math.ceil((size + 100) / MEBIBYTE);
  return new RefusedError(
    `"${key}" is too large for ${location}: it has ${size.toLocaleString('en')} bytes with its key${most}${old}`,
    megabytes > MAX_ITEM_MIB
      ? 'Store less under one key: Memcached items are limited to 1 GiB.'
      : `Store less under one key, or start the server with a larger limit (-I ${megabytes}m, and -m of at least ${2 * megabytes}).`,
  );
}

const MEBIBYTE = 2 ** 20;

/** The maximum of `-I`. */
const MAX_ITEM_MIB = 1024;

/** A server that refuses a `set` removes the old value, so that it does not become stale. */
const OLD_REMOVED = '; the server removed the old value, if there was one';

/** The same error, with the note that the old value was removed. */
export function withOldRemoved(error: CachectlError): CachectlError {
  return error instanceof RefusedError
    ? new RefusedError(`${error.message}${OLD_REMOVED}`, error.hint, { cause: error.cause })
    : error;
}

/** Without compare-and-swap, a lock could be taken from its holder, or an increment lost. */
export function withoutCas(location: string): RefusedError {
  return new RefusedError(
    `${location} runs without compare-and-swap (-C), which locks, counting and pull need`,
    'Start it without -C.',
  );
}

function outOfMemory(location: string, options: ErrorOptions): RefusedError {
  return new RefusedError(
    `${location} is out of memory`,
    'Give it more memory (-m), or allow evictions. It runs with -M, or its memory is assigned to other item sizes.',
    options,
  );
}

interface Rule {
  readonly matches: RegExp;
  make(location: string, options: ErrorOptions): CachectlError;
}

function rule(matches: RegExp, what: string, hint: string): Rule {
  return { matches, make: (location, options) => new RefusedError(`${location} ${what}`, hint, options) };
}

const DOCTOR_HINT = 'To see each step of the connection, run: cachectl doctor';

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const REFUSALS: readonly Rule[] = [
  { matches: /unauthenticated/, make: wantsTextLogin },
  { matches: /out of memory/, make: outOfMemory },
  rule(
    /too many open connections/i,
    'has reached its client limit',
    'Raise the limit (-c). The server command "stats conns" lists the clients.',
  ),
  rule(
    /metadump not allowed|lru crawler disabled/,
    'does not allow listing its keys',
    'It was started with -X or no_lru_crawler. tags:flush and flush --all still work.',
  ),
  rule(
    /watch commands not allowed/,
    'does not allow watching',
    'It was started with -W (--disable-watch). Start it without.',
  ),
  rule(/^WATCHER_TOO_MANY/, 'has too many watchers', 'Stop another watcher. The server allows about twenty.'),
  rule(
    /flush_all not allowed/,
    'does not allow flush_all',
    'It was started with -F (--disable-flush-all). Flush without --all.',
  ),
  rule(
    /^BUSY|locked try again/,
    'is busy listing its keys for another client',
    'Try again later, or allow more time with --timeout 1m.',
  ),
];
