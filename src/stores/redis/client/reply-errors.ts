import {
  type CachectlError,
  ConfigError,
  FullError,
  NotANumberError,
  NotReadyError,
  RefusedError,
  WrongTypeError,
} from '../../../errors.js';

/** The name that ioredis gives to error replies. */
export type Answer = 'ReplyError';

type Make = (location: string, rest: string, options: ErrorOptions) => CachectlError;

/**
 * Translate an error reply by its first word. The rest may quote a key or a user.
 * @param words the reply without the leading `-`
 */
export function replyError(words: string, location: string, options: ErrorOptions): CachectlError {
  const answer = unscripted(words);
  const [, word = '', rest = ''] = /^([A-Z]+)(?: (.*))?$/s.exec(answer) ?? [];
  const make = (Object.hasOwn(BY_WORD, word) ? BY_WORD[word] : undefined) ?? errOf(answer);
  return make(location, rest, options);
}

/**
 * Before Redis 7 an error in a script was wrapped: `ERR Error running script (call to f_…): @user_script:1: WRONGTYPE
 * …`.
 */
function unscripted(words: string): string {
  const [, inner] = /^ERR Error running script \(call to \w+\): @\w+:\d+: (?:@\w+: \d+: )?-?(.*)$/s.exec(words) ?? [];
  return inner ?? words;
}

function refuses(what: string, hint: string): Make {
  return (location, _, options) => new RefusedError(`${location} ${what}`, hint, options);
}

/** The server may accept the command later. */
function isNotReady(what: string, hint: string): Make {
  return (location, _, options) => new NotReadyError(`${location} ${what}`, hint, options);
}

const REDIRECTED = refuses(
  'is one node of a cluster',
  'Name the nodes under cluster: in the profile, or use redis+cluster:// in the URL.',
);

const BY_WORD: Readonly<Record<string, Make>> = {
  ASK: REDIRECTED,
  BUSY: isNotReady('is busy with a script', 'Try again later. SCRIPT KILL stops a script that has not written yet.'),
  // The cluster client appends the lost nodes, after a colon.
  CLUSTERDOWN: (location, rest, options) =>
    isNotReady(
      `belongs to a cluster that is down${/: .*$/s.exec(rest)?.[0] ?? ''}`,
      'Some slots have no node. To check: redis-cli --cluster check HOST:PORT',
    )(location, rest, options),
  CROSSSLOT: refuses(
    'refused a command with keys of several slots',
    'It is a cluster behind one address: use redis+cluster:// if clients can connect to its nodes.',
  ),
  DENIED: refuses(
    'is in protected mode: it accepts only local connections',
    'Set a password on the server (requirepass, or an ACL user), or bind it to the intended address.',
  ),
  LOADING: isNotReady('is still loading its data', 'Try again later.'),
  MASTERDOWN: isNotReady('is a replica that has lost its primary', 'Point the profile at a primary.'),
  MISCONF: refuses('refuses writes because it cannot save to disk', 'Check its log and its disk.'),
  MOVED: REDIRECTED,
  NOAUTH: refuses(
    'requires a password, and the profile has none',
    'Set password in the profile, or put it into the URL: redis://:password@host',
  ),
  NOPERM: (location, rest, options) => new RefusedError(`${location} refused: ${rest}`, grantHint(rest), options),
  NOREPLICAS: isNotReady(
    'refuses writes: too few replicas are connected (min-replicas-to-write)',
    'Start its replicas, or lower min-replicas-to-write.',
  ),
  OOM: (location, _, options) =>
    new FullError(
      `${location} is out of memory`,
      'Free some memory, or set an eviction policy (maxmemory-policy).',
      options,
    ),
  READONLY: isNotReady('is a read-only replica', 'Point the profile at its primary.'),
  TRYAGAIN: isNotReady('is moving the slot of these keys', 'Try again later.'),
  WRONGPASS: refuses('refused the user name or password', 'Check username and password in the profile or URL.'),
  WRONGTYPE: (_, __, options) =>
    new WrongTypeError('the key does not hold a string', 'Inspect it with redis-cli.', options),
};

/** Servers word the rest differently, but all name the missing permission. */
function grantHint(rest: string): string {
  if (/\bchannels?\b/i.test(rest))
    return 'An administrator can grant the channels: ACL SETUSER NAME &PATTERN (&* for all)';
  if (/\bone of the keys\b|\baccess a key\b/i.test(rest))
    return 'Check the prefix. An administrator can grant the keys: ACL SETUSER NAME ~PREFIX*';
  return 'Use a user with that permission, or have it granted: ACL SETUSER NAME +COMMAND';
}

/** Translate a reply that starts with `ERR` or with no code. */
function errOf(answer: string): Make {
  const text = answer.replace(/^ERR /, '');
  const known = ERRORS.find(([matches]) => matches.test(text));
  return (
    known?.[1] ??
    refuses(
      `refused: ${answer}`,
      'This is the message of the server. To check the server and the profile: cachectl doctor',
    )
  );
}

const ERRORS: ReadonlyArray<readonly [matches: RegExp, make: Make]> = [
  [
    /^This instance has cluster support disabled/,
    refuses('is not a cluster', 'Use url: instead of cluster: in the profile, or redis:// in the URL.'),
  ],
  [
    /^invalid password|^AUTH <password> called without any password|^Client sent AUTH, but no password/i,
    BY_WORD.WRONGPASS!,
  ],
  // The limits of a client that has not logged in. The server closes the connection.
  [/^Protocol error: unauthenticated/i, BY_WORD.NOAUTH!],
  [
    /^DB index is out of range|^invalid DB index/i,
    refuses('does not exist', 'Check the database number: by default a server has databases 0 to 15.'),
  ],
  [
    /^max number of clients/i,
    isNotReady(
      'has reached its client limit',
      'Stop some of its clients, or restart it with a higher maxclients. redis-cli cannot connect now either.',
    ),
  ],
  [
    /^SELECT is not allowed in cluster mode/i,
    (location, _, options) =>
      new ConfigError(
        `${location} is a cluster, which has database 0 only`,
        'Remove the database from the profile or URL.',
        options,
      ),
  ],
  [
    /^(?:value|hash value) is not an integer or out of range/i,
    (_, __, options) =>
      new NotANumberError('does not hold an integer', 'The value is unchanged. Put a number first.', options),
  ],
  [
    /^(?:increment or decrement|decrement) would overflow/i,
    (_, __, options) =>
      new NotANumberError('would exceed 64 bits', 'The value is unchanged. Put a smaller number first.', options),
  ],
];
