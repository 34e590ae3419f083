import { CachectlError, NotANumberError, RefusedError, UnreachableError, WrongTypeError } from '../../errors.js';
import { printKey } from '../entries/printed-key.js';
import {
  closedConnection,
  networkError,
  type NetworkFault,
  networkFault,
  noAnswer,
  profileTlsTerms,
  UNACKNOWLEDGED,
} from '../network/errors.js';
import { LargeReplyError, tooLargeReply } from '../network/reply-limit.js';
import { type Answer, replyError } from './client/reply-errors.js';

/** Translate anything that ioredis or the server threw into an error that names the server. */
export function translated(error: unknown, location: string): CachectlError {
  if (error instanceof CachectlError) return error;
  const cause = causeOf(error);
  if (isReply(cause)) return replyError(cause.message, location, { cause: error });
  if (cause instanceof LargeReplyError) return tooLargeReply(cause, location, error);
  return networkError(networkFault(cause, TLS_TERMS) ?? libraryFault(cause), location, error);
}

/** Translate an error reply that was not read by ioredis. @param words the reply without the leading `-` */
export function refused(words: string, location: string): CachectlError {
  return replyError(words, location, { cause: Object.assign(new Error(words), { name: REPLY }) });
}

/** Whether this is an error reply, as ioredis wraps it. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === REPLY;
}

/** The error for a key that does not hold a string. */
export function wrongType(key: string, type: string): WrongTypeError {
  return new WrongTypeError(
    `"${printKey(key)}" holds a Redis ${type}, not a cache entry`,
    'Cache entries are strings. Inspect this key with redis-cli.',
    { type },
  );
}

/** The error for a server that closed the connection and has replicas: a cluster node, or one behind sentinels. */
export function mayBeReplaced(error: CachectlError): CachectlError {
  if (error.hint !== closedConnection.hint) return error;
  const hint = `Check the servers: cachectl doctor. A replica may take over, possibly without the last writes. ${UNACKNOWLEDGED}`;
  return new UnreachableError(error.message, hint, { cause: error });
}

/** Name the key that INCRBY refused. */
export function countingError(error: Error, key: string): Error {
  if (!(error instanceof NotANumberError)) return error;
  return new NotANumberError(`"${printKey(key)}" ${error.message}`, error.hint, { cause: error });
}

/** Whether the server does not know the command or does not allow it. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof RefusedError && UNAVAILABLE.test(answerOf(error));
}

/** Whether the keys of one command were in several hash slots. */
export function isCrossSlot(error: unknown): boolean {
  return error instanceof RefusedError && CROSS_SLOT.test(answerOf(error));
}

/** Whether a node of a cluster says that another node has the key, or may have it. @param words an error reply */
export function isRedirection(words: string): boolean {
  return /^(?:MOVED|ASK|TRYAGAIN)\b/.test(words);
}

/** The original error reply behind an error; empty if there was none. */
export function answerOf(error: unknown): string {
  const cause = error instanceof CachectlError ? causeOf(error.cause) : causeOf(error);
  return isReply(cause) ? cause.message : '';
}

/** The innermost error below ioredis's wrappers. */
export function causeOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  // A cluster client that finds no node keeps the last node's error here.
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return causeOf(error.lastNodeError);
  // A discarded transaction (EXECABORT) lists the reasons here.
  if ('previousErrors' in error && Array.isArray(error.previousErrors) && error.previousErrors.length > 0) {
    return causeOf(error.previousErrors[0]);
  }

  return error;
}

const REPLY: Answer = 'ReplyError';
export const TLS_TERMS = profileTlsTerms('redis');
/** Providers have their own replies for commands that they do not offer. */
const UNAVAILABLE =
  /^NOPERM\b|^ERR (?:unknown (?:sub)?command\b|unsupported command\b|(?:this redis )?command\b.*\bnot (?:allowed|available|support))/i;
/** In a script the reply starts with ERR. */
const CROSS_SLOT = /^CROSSSLOT\b|^ERR .*do not hash to the same slot/;

/** ioredis reports these without a code. */
function libraryFault({ message }: Error): NetworkFault {
  if (/^Command timed out|^timeout$/.test(message)) return noAnswer;
  const sentinels = /^All sentinels are unreachable.*?(?: Last error: (.*))?$/.exec(message);
  if (sentinels !== null) {
    const reason = sentinels[1] === undefined ? '' : ` (${sentinels[1]})`;
    return fault(
      `named no primary${reason}`,
      'Check that the sentinels are running, and check primary: in the profile.',
    );
  }

  if (/^Failed to refresh slots|^None of startup nodes|^Cluster is (?:ended|disconnect)/.test(message)) {
    const hint = 'Check that the nodes are running and form a cluster: redis-cli --cluster check HOST:PORT';
    return fault('did not report its slots', hint);
  }

  if (message.startsWith('Too many Cluster redirections')) {
    const hint = 'Its nodes disagree about their slots. Run: redis-cli --cluster check HOST:PORT';
    return fault('keeps redirecting a command between nodes', hint);
  }

  // The parser of ioredis asks its users to report everything that it cannot read.
  if (message.startsWith('Protocol error') || message.endsWith('Please report this.')) {
    return fault('does not speak the Redis protocol', NOT_REDIS);
  }

  if (message.startsWith('Unexpected reply')) {
    return fault(`gave an ${message.toLowerCase().replace(/\S+$/, (name) => name.toUpperCase())}`, NOT_REDIS);
  }

  if (CLOSED.test(message)) return closedConnection;
  return fault(`failed: ${message}`, 'To check each step of the connection, run: cachectl doctor');
}

/** What else answers there. */
export const NOT_REDIS = 'Check that the port is the port of Redis, and that no proxy in between changes answers.';

const CLOSED =
  /^Connection is closed|connection close$|closed the connection|Stream isn't writeable|Socket closed|disconnected before/i;

function fault(what: string, hint: string): NetworkFault {
  return { Class: UnreachableError, what, hint };
}
