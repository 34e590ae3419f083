import {
  CachectlError,
  ConfigError,
  NotANumberError,
  RefusedError,
  TimeoutError,
  UnreachableError,
  WrongTypeError,
} from '../../errors.js';
import { printKey } from '../entries/printed-key.js';
import { closedConnection, networkFault } from '../network/errors.js';
import { type Answer, replyError } from './client/reply-errors.js';

/** Whatever the library or the server threw, as an error that names the server. */
export function translated(error: unknown, location: string): CachectlError {
  if (error instanceof CachectlError) return error;
  const cause = causeOf(error);
  if (isReply(cause)) return replyError(cause.message, location, { cause: error });
  const fault = networkFault(cause, NETWORK_WORDS) ?? libraryFault(cause);
  return new fault.Class(`${location} ${fault.what}`, fault.hint, { cause: error });
}

/** What a server answered, where it was read without the library. @param words without the leading `-` */
export function refused(words: string, location: string): CachectlError {
  return replyError(words, location, { cause: Object.assign(new Error(words), { name: REPLY }) });
}

/** Whether it is an answer of the server, in the library's clothes. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === REPLY;
}

/** `key` holds something else than a string. */
export function wrongType(key: string, type: string): WrongTypeError {
  return new WrongTypeError(
    `"${printKey(key)}" holds a Redis ${type}, not a cache entry`,
    'cachectl reads strings, as caches write them; look at it with redis-cli.',
  );
}

/** What INCRBY refused, for the key's sake. */
export function countingError(error: Error, key: string): Error {
  if (!(error instanceof NotANumberError)) return error;
  return new NotANumberError(`"${printKey(key)}" ${error.message}`, error.hint, { cause: error });
}

/** Whether the server does not know the command, or may not run it for us. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof RefusedError && UNAVAILABLE.test(answerOf(error));
}

/** Whether keys of one command lie in several slots of a cluster, which one command cannot have. */
export function isCrossSlot(error: unknown): boolean {
  return error instanceof RefusedError && CROSS_SLOT.test(answerOf(error));
}

/** The words of the server behind an error, as it sent them; empty where it was no answer. */
export function answerOf(error: unknown): string {
  const cause = error instanceof CachectlError ? causeOf(error.cause) : causeOf(error);
  return isReply(cause) ? cause.message : '';
}

/** The error beneath those that the library puts around it. */
export function causeOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  // A cluster's client that finds no node keeps to itself what the last one said.
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return causeOf(error.lastNodeError);
  // A transaction that is called off says so, and beside it why.
  if ('previousErrors' in error && Array.isArray(error.previousErrors) && error.previousErrors.length > 0) {
    return causeOf(error.previousErrors[0]);
  }

  return error;
}

const REPLY: Answer = 'ReplyError';
const NETWORK_WORDS = { caKey: 'tls.ca in the profile', plain: 'redis:// in place of rediss:// (or leave tls out)' };
/** Providers have words of their own for a command that they do not offer. */
const UNAVAILABLE =
  /^NOPERM\b|^ERR (?:unknown (?:sub)?command\b|unsupported command\b|(?:this redis )?command\b.*\bnot (?:allowed|available|support))/i;
/** In a script it is said by an ERR. */
const CROSS_SLOT = /^CROSSSLOT\b|^ERR .*do not hash to the same slot/;

/** What the library says without a code. */
function libraryFault({ message }: Error): ReturnType<typeof fault> {
  if (/^Command timed out|^timeout$/.test(message)) {
    return fault(TimeoutError, 'did not answer in time', 'Give it longer with --timeout 30s, or look at its load.');
  }

  const sentinels = /^All sentinels are unreachable.*?(?: Last error: (.*))?$/.exec(message);
  if (sentinels !== null) {
    const reason = sentinels[1] === undefined ? '' : ` (${sentinels[1]})`;
    return fault(UnreachableError, `gave no primary${reason}`, 'Are the sentinels running, and is primary right?');
  }

  if (/^Failed to refresh slots|^None of startup nodes|^Cluster is (?:ended|disconnect)/.test(message)) {
    const hint = 'Are the nodes running, and is it a cluster?';
    return fault(UnreachableError, 'could not be asked where its keys are', hint);
  }

  if (message.startsWith('Too many Cluster redirections')) {
    const hint = 'Its nodes disagree about their slots: see redis-cli --cluster check.';
    return fault(UnreachableError, 'sends a command from node to node', hint);
  }

  if (message.startsWith('Protocol error')) {
    return fault(UnreachableError, 'does not answer as Redis does', 'Is that the port of Redis?');
  }

  if (CLOSED.test(message)) return closedConnection;
  return fault(UnreachableError, `could not be talked to: ${message}`, 'Run cachectl doctor to see why.');
}

const CLOSED =
  /^Connection is closed|connection close$|closed the connection|Stream isn't writeable|Socket closed|disconnected before/i;

function fault(Class: typeof ConfigError | typeof TimeoutError | typeof UnreachableError, what: string, hint: string) {
  return { Class, what, hint };
}
