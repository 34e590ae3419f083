import {
  CachectlError,
  RefusedError,
  TimeoutError,
  UnansweredError,
  UnreachableError,
  UnsupportedError,
} from '../../errors.js';
import { GarbageError } from './text-parser.js';

/** Whatever the network or the library threw, as an error that names the server. */
export function translated(error: unknown, location: string): CachectlError {
  if (error instanceof CachectlError) return error;
  if (error instanceof GarbageError) return noMemcached(location, error.message, { cause: error });
  const { message, code } = described(error);
  const rule = RULES.find(({ matches }) => matches.test(code) || matches.test(message));
  return (rule ?? OTHERWISE).make(location, { cause: error });
}

/** No connection within `--timeout`. */
export function notConnected(location: string): TimeoutError {
  return new TimeoutError(
    `${location} did not answer in time`,
    'Give it longer with --timeout 30s, or check the network.',
  );
}

/** Sent, and not answered within `--timeout`. */
export function notAnswered(location: string): UnansweredError {
  return new UnansweredError(
    `${location} did not answer in time`,
    'Give it longer with --timeout 30s, or look at its load.',
  );
}

/** The other side ended it. */
export function closed(location: string): UnreachableError {
  return new UnreachableError(
    `${location} closed the connection`,
    'Look at its log; was it restarted? One with SASL (-S) does so unless the profile has username and password.',
  );
}

/** What answered is no Memcached server, or not by the protocol that it was asked by. */
export function noMemcached(location: string, what: string, options?: ErrorOptions): RefusedError {
  return new RefusedError(
    `${location} does not answer as Memcached does: it sent ${what}`,
    'Is that the port of Memcached? One that only speaks one protocol (-B) or TLS is not supported.',
    options,
  );
}

/** A line that says no: `ERROR`, `CLIENT_ERROR ...`, `SERVER_ERROR ...`, and some without such a beginning. */
export function refusedBy(location: string, line: string): CachectlError {
  const rule = REFUSALS.find(({ matches }) => matches.test(line));
  if (rule) return rule.make(location, {});
  if (!/^[A-Z]+_?ERROR\b|^[A-Z]+ /.test(line)) return noMemcached(location, JSON.stringify(line.slice(0, 60)));
  const words = line.replace(/^(?:CLIENT_|SERVER_)?ERROR /, '');
  return new RefusedError(`${location} refused: ${words}`, 'These are the words of the server.');
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
      return new RefusedError(`${location} does not know the command`, 'Is it older than Memcached 1.4.8, or a proxy?');
    }

    default: {
      return new RefusedError(
        `${location} refused, with status 0x${status.toString(16).padStart(4, '0')}`,
        'The binary protocol of Memcached says what that means.',
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

export function wantsLogin(location: string): RefusedError {
  return new RefusedError(
    `${location} wants a user name and a password, and none were given`,
    'Put username and password into the profile, or into the URL (memcached://user:password@host).',
  );
}

export function wrongLogin(location: string): RefusedError {
  return new RefusedError(
    `${location} refused the user name or password`,
    'Check username (with its realm, as in name@host, where there is one) and password in the profile or URL.',
  );
}

/** Asked for by one who has logged in. */
export function notAllowed(location: string): RefusedError {
  return new RefusedError(
    `${location} does not allow that`,
    'Emptying it at once can be switched off (-F): forget keys by their names, or flush tags.',
  );
}

/** @param limit in bytes: what one item may take, key included; undefined when the server did not say */
export function tooLarge(location: string, key: string, limit: number | undefined): RefusedError {
  const most = limit === undefined ? 'its limit for one' : `the ${limit.toLocaleString('en')} bytes it takes for one`;
  return new RefusedError(
    `"${key}" is too large for ${location}: with its key it is more than ${most}`,
    'Store less under one key, or start the server with a larger limit (-I 2m).',
  );
}

/** Of an operation, by its verb: «list keys». */
export function noListing(what: string): UnsupportedError {
  return new UnsupportedError(
    `the memcached store cannot ${what} behind SASL: there keys cannot be listed`,
    'Forget keys by their names, flush tags, or empty the servers with flush --all.',
  );
}

/** Without them a lock could be taken from somebody else, or a count lost. */
export function withoutCas(location: string): RefusedError {
  return new RefusedError(
    `${location} runs without compare-and-swap (-C), which locks, counting and pull rest on`,
    'Start it without -C.',
  );
}

function outOfMemory(location: string, options: ErrorOptions): RefusedError {
  return new RefusedError(
    `${location} is out of memory`,
    'Give it more (-m), or let it evict: it was started with -M, or holds items of other sizes.',
    options,
  );
}

interface Rule {
  readonly matches: RegExp;
  make(location: string, options: ErrorOptions): CachectlError;
}

type ErrorClass = typeof RefusedError | typeof TimeoutError | typeof UnreachableError;

function rule(matches: RegExp, Class: ErrorClass, what: string, hint: string): Rule {
  return { matches, make: (location, options) => new Class(`${location} ${what}`, hint, options) };
}

const RULES: readonly Rule[] = [
  rule(/ECONNREFUSED/, UnreachableError, 'refuses connections', 'Is the server running, and is the port right?'),
  rule(/ENOTFOUND|EAI_AGAIN/, UnreachableError, 'is not known by that name', 'Check the host in the profile or URL.'),
  rule(/EHOSTUNREACH|ENETUNREACH/, UnreachableError, 'cannot be reached from here', 'Check the network and firewalls.'),
  rule(/ETIMEDOUT/, TimeoutError, 'did not answer in time', 'Give it longer with --timeout 30s, or look at its load.'),
  rule(
    /ECONNRESET|EPIPE|ECONNABORTED/,
    UnreachableError,
    'closed the connection',
    'Look at its log; was it restarted, or is it full of clients?',
  ),
];

const OTHERWISE = rule(/$/, UnreachableError, 'could not be talked to', 'Run it with DEBUG=* to see why.');

const REFUSALS: readonly Rule[] = [
  rule(
    /unauthenticated/,
    RefusedError,
    'wants authentication by its text protocol (-Y)',
    'cachectl speaks SASL only: start it with -S instead, and put username and password into the profile.',
  ),
  { matches: /out of memory/, make: outOfMemory },
  rule(
    /too many open connections/i,
    RefusedError,
    'has no room for another client',
    'Raise its limit (-c), or look who is connected: stats conns.',
  ),
  rule(
    /metadump not allowed|lru crawler disabled/,
    RefusedError,
    'does not let its keys be listed',
    'It was started with -X or without its crawler (no_lru_crawler); tags can still be flushed, and --all works.',
  ),
  rule(
    /watch commands not allowed/,
    RefusedError,
    'does not let itself be watched',
    'It was started with -W (--disable-watch).',
  ),
  rule(
    /^WATCHER_TOO_MANY/,
    RefusedError,
    'is being watched by as many as it allows',
    'End another watch; it allows for some twenty.',
  ),
  rule(
    /flush_all not allowed/,
    RefusedError,
    'does not let itself be emptied at once',
    'It was started with -F (--disable-flush-all); flush without --all.',
  ),
  rule(
    /^BUSY|locked try again/,
    RefusedError,
    'is busy going through its keys for somebody else',
    'Try again in a while, or give it longer with --timeout 1m.',
  ),
];

function described(error: unknown): { message: string; code: string } {
  if (!(error instanceof Error)) return { message: String(error), code: '' };
  // Node tries IPv6 and IPv4 and tells of both in one.
  if (error instanceof AggregateError && error.errors.length > 0) return described(error.errors[0]);
  return { message: error.message, code: 'code' in error ? String(error.code) : '' };
}
