import {
  CachectlError,
  ConfigError,
  NotANumberError,
  RefusedError,
  TimeoutError,
  UnreachableError,
  WrongTypeError,
} from '../../errors.js';

/** Whatever the library or the server threw, as an error that names the server. */
export function translated(error: unknown, location: string): CachectlError {
  if (error instanceof CachectlError) return error;
  const { message, code } = described(error);
  const rule = RULES.find(({ matches }) => matches.test(code) || matches.test(message));
  if (rule) return rule.make(location, message, { cause: error });
  return new RefusedError(`${location} refused: ${message}`, 'These are the words of the server.', { cause: error });
}

/** `key` holds something else than a string. */
export function wrongType(key: string, type: string): WrongTypeError {
  return new WrongTypeError(
    `"${key}" holds a Redis ${type}, not a cache entry`,
    'cachectl reads strings, as caches write them; look at it with redis-cli.',
  );
}

/** What INCRBY refused, for the key's sake. */
export function countingError(error: Error, key: string): Error {
  if (!(error instanceof NotANumberError)) return error;
  return new NotANumberError(`"${key}" ${error.message}`, error.hint, { cause: error });
}

/** Whether the server does not know the command, or may not run it for us. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof RefusedError && /NOPERM|unknown command|not allowed/i.test(described(error.cause).message);
}

interface Rule {
  readonly matches: RegExp;
  make(location: string, words: string, options: ErrorOptions): CachectlError;
}

type ErrorClass = typeof RefusedError | typeof TimeoutError | typeof UnreachableError;

function rule(matches: RegExp, Class: ErrorClass, what: string, hint: string): Rule {
  return { matches, make: (location, _, options) => new Class(`${location} ${what}`, hint, options) };
}

const RULES: readonly Rule[] = [
  rule(/ECONNREFUSED/, UnreachableError, 'refuses connections', 'Is the server running, and is the port right?'),
  rule(/ENOTFOUND|EAI_AGAIN/, UnreachableError, 'is not known by that name', 'Check the host in the profile or URL.'),
  rule(/EHOSTUNREACH|ENETUNREACH/, UnreachableError, 'cannot be reached from here', 'Check the network and firewalls.'),
  rule(/^ENOENT/, UnreachableError, 'has no such socket', 'Check the path of the socket.'),
  rule(/^EACCES/, UnreachableError, 'may not be opened by this user', 'Check the permissions of the socket.'),
  rule(
    /ETIMEDOUT|timed out|^timeout$/i,
    TimeoutError,
    'did not answer in time',
    'Give it longer with --timeout 30s, or look at its load.',
  ),
  rule(
    /All sentinels are unreachable/i,
    UnreachableError,
    'gave no primary',
    'Are the sentinels running, and is primary right?',
  ),
  rule(
    /cluster support disabled/,
    RefusedError,
    'is no cluster',
    'Name it by url: in the profile, or use redis:// in the URL.',
  ),
  rule(
    /Failed to refresh slots|None of startup nodes/i,
    UnreachableError,
    'could not be asked where its keys are',
    'Are the nodes running, and is it a cluster?',
  ),
  rule(
    /certificate|self.signed|CERT_|wrong version number|SSL|TLS/,
    UnreachableError,
    'and we do not agree on TLS',
    'Check tls in the profile: ca, verify, and whether the port speaks TLS.',
  ),
  rule(
    /ECONNRESET|EPIPE|Connection is closed|connection close$|closed the connection|Stream isn't writeable|Socket closed/i,
    UnreachableError,
    'closed the connection',
    'Look at its log; was it restarted, or is it full of clients?',
  ),
  rule(
    /^NOAUTH/,
    RefusedError,
    'wants a password, and none was given',
    'Put it into the profile (password) or the URL (redis://:password@host).',
  ),
  {
    matches: /^NOPERM /,
    make: (location, words, options) =>
      new RefusedError(
        `${location} refused: ${words.replace(/^NOPERM /, '')}`,
        'Use a user that may, or let an administrator grant it with ACL SETUSER.',
        options,
      ),
  },
  rule(
    /WRONGPASS|invalid password|without any password/i,
    RefusedError,
    'refused the user name or password',
    'Check username and password in the profile or URL.',
  ),
  rule(/^READONLY/, RefusedError, 'is a read-only replica', 'Point the profile at its primary.'),
  rule(/^LOADING/, RefusedError, 'is still loading its data', 'Try again in a while.'),
  rule(/^OOM/, RefusedError, 'is out of memory', 'Free some, or set an eviction policy (maxmemory-policy).'),
  rule(/^MISCONF/, RefusedError, 'takes no writes because it cannot save to disk', 'Look at its log and its disk.'),
  rule(
    /^CLUSTERDOWN/,
    RefusedError,
    'is a cluster that is down',
    'Some slots have no node: see `redis-cli --cluster check`.',
  ),
  rule(/^MASTERDOWN/, RefusedError, 'is a replica that has lost its primary', 'Point the profile at a primary.'),
  rule(
    /^(MOVED|ASK) /,
    RefusedError,
    'is one node of a cluster',
    'Name the nodes under cluster: in the profile, or use redis+cluster:// in the URL.',
  ),
  rule(
    /DB index is out of range|invalid DB index/i,
    RefusedError,
    'does not exist',
    'Check the database number; a stock server has 0 to 15.',
  ),
  rule(
    /max number of clients/i,
    RefusedError,
    'has no room for another client',
    'Raise maxclients, or look who is connected: CLIENT LIST.',
  ),
  {
    matches: /SELECT is not allowed in cluster mode/i,
    make: (location, _, options) =>
      new ConfigError(`${location} is a cluster, which has database 0 only`, 'Leave the database out.', options),
  },
  {
    matches: /not an integer or out of range/i,
    make: (_, __, options) =>
      new NotANumberError('holds no whole number', 'The value is unchanged. Put a number first.', options),
  },
  {
    matches: /would overflow/i,
    make: (_, __, options) =>
      new NotANumberError(
        'would become larger than 64 bits hold',
        'The value is unchanged. Put a smaller number first.',
        options,
      ),
  },
  {
    matches: /^WRONGTYPE/,
    make: (_, __, options) =>
      new WrongTypeError('the key holds something else than a string', 'Look at it with redis-cli.', options),
  },
];

function described(error: unknown): { message: string; code: string } {
  if (!(error instanceof Error)) return { message: String(error), code: '' };
  const code = 'code' in error ? String(error.code) : '';
  // Node tries IPv6 and IPv4 and tells of both in one.
  if (error instanceof AggregateError && error.errors.length > 0) return described(error.errors[0]);
  // A cluster's client that finds no node keeps to itself what the last one said.
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return described(error.lastNodeError);
  // A transaction that is called off says so, and beside it why.
  if ('previousErrors' in error && Array.isArray(error.previousErrors) && error.previousErrors.length > 0) {
    return described(error.previousErrors[0]);
  }

  return { message: error.message, code };
}
