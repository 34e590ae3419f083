import {
  type CachectlError,
  ConfigError,
  NotANumberError,
  NotReadyError,
  RefusedError,
  WrongTypeError,
} from '../../../errors.js';

/** The name that the library gives to answers that are errors. */
export type Answer = 'ReplyError';

type Make = (location: string, rest: string, options: ErrorOptions) => CachectlError;

/**
 * An error that the server answered, by its first word: what comes behind it may quote a key or a user.
 * @param words as the server said it, without the leading `-`
 */
export function replyError(words: string, location: string, options: ErrorOptions): CachectlError {
  const answer = unscripted(words);
  const [, word = '', rest = ''] = /^([A-Z]+)(?: (.*))?$/s.exec(answer) ?? [];
  const make = (Object.hasOwn(BY_WORD, word) ? BY_WORD[word] : undefined) ?? errOf(answer);
  return make(location, rest, options);
}

/** Before Redis 7 a script's error came within another: `ERR Error running script (call to f_…): @user_script:1: WRONGTYPE …`. */
function unscripted(words: string): string {
  const [, inner] = /^ERR Error running script \(call to \w+\): @\w+:\d+: (?:@\w+: \d+: )?-?(.*)$/s.exec(words) ?? [];
  return inner ?? words;
}

function refuses(what: string, hint: string): Make {
  return (location, _, options) => new RefusedError(`${location} ${what}`, hint, options);
}

/** For the moment. */
function isNotReady(what: string, hint: string): Make {
  return (location, _, options) => new NotReadyError(`${location} ${what}`, hint, options);
}

const REDIRECTED = refuses(
  'is one node of a cluster',
  'Name the nodes under cluster: in the profile, or use redis+cluster:// in the URL.',
);

const BY_WORD: Readonly<Record<string, Make>> = {
  ASK: REDIRECTED,
  BUSY: isNotReady('is busy with a script', 'Try again in a while; SCRIPT KILL ends one that wrote nothing.'),
  CLUSTERDOWN: isNotReady('is a cluster that is down', 'Some slots have no node: see `redis-cli --cluster check`.'),
  CROSSSLOT: refuses(
    'keeps keys in slots, and one command named keys of several',
    'It is a cluster behind one address: use redis+cluster:// if it lets clients see its nodes.',
  ),
  DENIED: refuses(
    'is in protected mode: it accepts connections from its own machine only',
    'Set a password there (requirepass, or an ACL user), or bind it to the address that is meant.',
  ),
  LOADING: isNotReady('is still loading its data', 'Try again in a while.'),
  MASTERDOWN: isNotReady('is a replica that has lost its primary', 'Point the profile at a primary.'),
  MISCONF: refuses('takes no writes because it cannot save to disk', 'Look at its log and its disk.'),
  MOVED: REDIRECTED,
  NOAUTH: refuses(
    'wants a password, and none was given',
    'Put it into the profile (password) or the URL (redis://:password@host).',
  ),
  NOPERM: (location, rest, options) => new RefusedError(`${location} refused: ${rest}`, grantHint(rest), options),
  NOREPLICAS: isNotReady(
    'takes no writes: too few replicas are linked (min-replicas-to-write)',
    'Start its replicas again, or lower min-replicas-to-write.',
  ),
  OOM: refuses('is out of memory', 'Free some, or set an eviction policy (maxmemory-policy).'),
  READONLY: isNotReady('is a read-only replica', 'Point the profile at its primary.'),
  TRYAGAIN: isNotReady('is moving the slot of these keys', 'Try again in a while.'),
  WRONGPASS: refuses('refused the user name or password', 'Check username and password in the profile or URL.'),
  WRONGTYPE: (_, __, options) =>
    new WrongTypeError('the key holds something else than a string', 'Look at it with redis-cli.', options),
};

/** Servers differ in the rest of the words; all name what is not granted. */
function grantHint(rest: string): string {
  if (/\bchannels?\b/i.test(rest))
    return 'Let an administrator grant the channels: ACL SETUSER NAME &PATTERN (&* for all).';
  if (/\bone of the keys\b|\baccess a key\b/i.test(rest))
    return 'Check the prefix, or let an administrator grant the keys: ACL SETUSER NAME ~PREFIX*.';
  return 'Use a user that may, or let an administrator grant it with ACL SETUSER.';
}

/** The general word, and those that have none. */
function errOf(answer: string): Make {
  const text = answer.replace(/^ERR /, '');
  const known = ERRORS.find(([matches]) => matches.test(text));
  return known?.[1] ?? refuses(`refused: ${answer}`, 'These are the words of the server.');
}

const ERRORS: ReadonlyArray<readonly [matches: RegExp, make: Make]> = [
  [
    /^This instance has cluster support disabled/,
    refuses('is no cluster', 'Name it by url: in the profile, or use redis:// in the URL.'),
  ],
  [
    /^invalid password|^AUTH <password> called without any password|^Client sent AUTH, but no password/i,
    BY_WORD.WRONGPASS!,
  ],
  [
    /^DB index is out of range|^invalid DB index/i,
    refuses('does not exist', 'Check the database number; a stock server has 0 to 15.'),
  ],
  [
    /^max number of clients/i,
    isNotReady('has no room for another client', 'Raise maxclients, or look who is connected: CLIENT LIST.'),
  ],
  [
    /^SELECT is not allowed in cluster mode/i,
    (location, _, options) =>
      new ConfigError(`${location} is a cluster, which has database 0 only`, 'Leave the database out.', options),
  ],
  [
    /^(?:value|hash value) is not an integer or out of range/i,
    (_, __, options) =>
      new NotANumberError('holds no whole number', 'The value is unchanged. Put a number first.', options),
  ],
  [
    /^(?:increment or decrement|decrement) would overflow/i,
    (_, __, options) =>
      new NotANumberError(
        'would become larger than 64 bits hold',
        'The value is unchanged. Put a smaller number first.',
        options,
      ),
  ],
];
