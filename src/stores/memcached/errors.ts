import { CachectlError, RefusedError, TimeoutError, UnansweredError, UnreachableError } from '../../errors.js';
import { handshakeFault, networkError, networkFault, noAnswer } from '../network/errors.js';
import { TLS_TERMS, wantsLogin, wantsTextLogin } from './protocol/access-errors.js';
import { GarbageError } from './protocol/garbage-error.js';

/** Whatever the network or the library threw, as an error that names the server. */
export function translated(error: unknown, location: string): CachectlError {
  if (error instanceof CachectlError) return error;
  if (error instanceof GarbageError) return noMemcached(location, error.message, { cause: error });
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
    'It may have restarted. Check its log; cachectl doctor shows each step of the connection.',
  );
}

/** What answered is no Memcached server, or not by the protocol that it was asked by. */
export function noMemcached(location: string, what: string, options?: ErrorOptions): RefusedError {
  return new RefusedError(
    `${location} does not speak the Memcached protocol: it sent ${what}`,
    'Check that the port is the port of Memcached; cachectl doctor shows each step of the connection.',
    options,
  );
}

/** A line that says no: `ERROR`, `CLIENT_ERROR ...`, `SERVER_ERROR ...`, and some without such a beginning. */
export function refusedBy(location: string, line: string): CachectlError {
  const rule = REFUSALS.find(({ matches }) => matches.test(line));
  if (rule) return rule.make(location, {});
  if (!/^[A-Z]+_?ERROR\b|^[A-Z]+ /.test(line)) return noMemcached(location, JSON.stringify(line.slice(0, 60)));
  const words = line.replace(/^(?:CLIENT_|SERVER_)?ERROR /, '');
  return new RefusedError(
    `${location} refused: ${words}`,
    'This is the message of the server. To check the server and the profile: cachectl doctor',
  );
}

/** A line that nothing was asked for: a server without room says so before anything is asked. */
export function unasked(location: string, line: string): CachectlError {
  return /ERROR/.test(line) ? refusedBy(location, line) : noMemcached(location, JSON.stringify(line.slice(0, 60)));
}

/** An answer by the binary protocol that is none of those that the request can have. */
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

/** Of the binary protocol's answers. */
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

/** What is known of an item that is too large, in bytes. */
export interface Oversize {
  /** Of key and value. */
  readonly size: number;
  /** What one item may have; undefined when the server did not say. */
  readonly limit: number | undefined;
  /** Whether the server has removed what was there, as it does when it refuses a `set`. */
  readonly isOldGone: boolean;
}

export function tooLarge(location: string, key: string, { size, limit, isOldGone }: Oversize): RefusedError {
  const most = limit === undefined ? '' : `, and the limit is ${limit.toLocaleString('en')} bytes`;
  const old = isOldGone ? OLD_GONE : '';
  // The header and the end of the line come on top.
  const megabytes = Math.ceil((size + 100) / MEBIBYTE);
  return new RefusedError(
    `"${key}" is too large for ${location}: it has ${size.toLocaleString('en')} bytes with its key${most}${old}`,
    megabytes > LARGEST_ITEM_MIB
      ? 'Store less under one key: Memcached items are limited to 1 GiB.'
      : `Store less under one key, or start the server with a larger limit (-I ${megabytes}m, and -m of at least ${2 * megabytes}).`,
  );
}

const MEBIBYTE = 2 ** 20;

/** What `-I` takes at most. */
const LARGEST_ITEM_MIB = 1024;

/** A server that refuses a `set` removes what was there, so that nothing stale is left. */
const OLD_GONE = '; the old value, if any, is gone';

/** The same error, saying that the key was emptied. */
export function withOldGone(error: CachectlError): CachectlError {
  return error instanceof RefusedError
    ? new RefusedError(`${error.message}${OLD_GONE}`, error.hint, { cause: error.cause })
    : error;
}

/** Without them a lock could be taken from somebody else, or a count lost. */
export function withoutCas(location: string): RefusedError {
  return new RefusedError(
    `${location} runs without compare-and-swap (-C), which locks, counting and pull need`,
    'Start it without -C.',
  );
}

function outOfMemory(location: string, options: ErrorOptions): RefusedError {
  return new RefusedError(
    `${location} is out of memory`,
    'Give it more memory (-m), or allow evictions: it runs with -M, or holds items of other sizes.',
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
    'Raise its limit (-c), or see who is connected: stats conns',
  ),
  rule(
    /metadump not allowed|lru crawler disabled/,
    'does not allow listing its keys',
    'It was started with -X or no_lru_crawler. tags:flush and flush --all still work.',
  ),
  rule(
    /watch commands not allowed/,
    'does not allow watching',
    'It was started with -W (--disable-watch): start it without.',
  ),
  rule(/^WATCHER_TOO_MANY/, 'has no room for another watcher', 'Stop another watcher: the server allows about twenty.'),
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
