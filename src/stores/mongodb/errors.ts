import {
  MongoAPIError,
  MongoError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoOperationTimeoutError,
  MongoParseError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb';

import {
  CachectlError,
  ConfigError,
  RefusedError,
  TimeoutError,
  UnansweredError,
  UnreachableError,
} from '../../errors.js';
import { maskSecrets } from '../../profiles/mask.js';

/** E11000: a document with that `_id` is there already. */
const DUPLICATE_KEY = 11_000;

/** Whether an upsert met a document that its filter leaves out. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && Number(error.code) === DUPLICATE_KEY;
}

/** Whether the server does not know what it was asked. */
export function isUnknown(error: unknown): boolean {
  return error instanceof MongoServerError && UNKNOWN.has(Number(error.code));
}

/** What went wrong, as an error that names the deployment and never a password. */
export function translated(error: unknown, location: string): CachectlError {
  if (error instanceof CachectlError) return error;
  const options = { cause: error };
  if (error instanceof MongoServerSelectionError) return unselected(error, location);
  if (error instanceof MongoServerError) return answered(error, location);
  if (error instanceof MongoNetworkTimeoutError || error instanceof MongoOperationTimeoutError) {
    return new UnansweredError(`${location} did not answer in time`, 'Give it longer with --timeout 30s.', options);
  }

  if (error instanceof MongoNetworkError) {
    return new UnreachableError(
      `the connection to ${location} was lost`,
      'Is the server running? What was not acknowledged may or may not have been done.',
      options,
    );
  }

  if (error instanceof MongoParseError || error instanceof MongoAPIError) {
    return new ConfigError(
      `${location} cannot be used: ${words(error)}`,
      'Check the connection string and its options.',
      options,
    );
  }

  if (error instanceof MongoError || isBson(error)) {
    return new RefusedError(`${location}: ${words(error)}`, 'Check the server and the profile.', options);
  }

  throw error;
}

/** Codes of servers that do not have a command, a stage or an option. */
const UNKNOWN = new Set([59, 115, 238, 40_324, 40_573]);

const NO_RIGHTS = new Set([13, 8000]);
const NO_LOGIN = new Set([18, 11]);
const NOT_WRITABLE = new Set([189, 10_107, 11_600, 11_602, 13_435, 13_436]);
const TOO_LARGE = new Set([10_334, 17_419, 17_420]);

function answered(error: MongoServerError, location: string): CachectlError {
  const code = Number(error.code);
  const options = { cause: error };
  if (NO_LOGIN.has(code)) {
    return new RefusedError(
      `${location} does not accept this user and password`,
      'Check username, password and authSource.',
      options,
    );
  }

  if (NO_RIGHTS.has(code)) {
    return new RefusedError(
      `${location} does not allow this user to do that: ${words(error)}`,
      'Give the user the role readWrite on the database.',
      options,
    );
  }

  if (NOT_WRITABLE.has(code)) {
    return new RefusedError(
      `${location} takes no writes: ${words(error)}`,
      'Is there a primary? Name all members and replicaSet in the URL.',
      options,
    );
  }

  if (TOO_LARGE.has(code)) return tooLarge(location, options);
  return new RefusedError(`${location} refused: ${words(error)}`, 'Check the server and the profile.', options);
}

function tooLarge(location: string, options: ErrorOptions): CachectlError {
  return new RefusedError(
    `${location} holds no documents over 16 MB, and this one is larger`,
    'Store it elsewhere, or in parts.',
    options,
  );
}

/** The driver tells its reasons server by server, inside. */
function unselected(error: MongoServerSelectionError, location: string): CachectlError {
  const options = { cause: error };
  const text = [error.message, ...reasons(error)].join(' ');
  if (/wire version/i.test(text)) {
    return new RefusedError(
      `${location} is too old for the driver: ${words(error)}`,
      'MongoDB 4.4 or later is needed.',
      options,
    );
  }

  if (/Authentication failed/i.test(text)) {
    return new RefusedError(
      `${location} does not accept this user and password`,
      'Check username, password and authSource.',
      options,
    );
  }

  if (/certificate|SSL|TLS/i.test(text)) {
    return new UnreachableError(
      `${location} could not be talked to over TLS`,
      'Check the certificates, and tls in the URL.',
      options,
    );
  }

  if (/ECONNREFUSED/.test(text)) {
    return new UnreachableError(
      `${location} refuses connections`,
      'Is the server running, and is the port right?',
      options,
    );
  }

  if (/ENOTFOUND|EAI_AGAIN|querySrv/.test(text)) {
    return new UnreachableError(
      `${location} is not known by that name`,
      'Check the host in the profile or URL.',
      options,
    );
  }

  if (/ECONNRESET|EPIPE|closed/.test(text)) {
    return new UnreachableError(
      `${location} closed the connection`,
      'Is that the port of MongoDB, and is TLS as it should be?',
      options,
    );
  }

  return new TimeoutError(
    `${location} gave no server in time`,
    'Is there a primary, and is replicaSet in the URL right? Give it longer with --timeout 30s.',
    options,
  );
}

function reasons({ reason }: MongoServerSelectionError): string[] {
  return [...(reason?.servers.values() ?? [])].map(({ error }) =>
    [error?.message, error?.cause instanceof Error ? error.cause.message : ''].join(' '),
  );
}

/** BSON's own errors are of a class that the driver does not hand out: too large, not UTF-8, nested too deep. */
function isBson(error: unknown): error is Error {
  return error instanceof Error && (error.name.startsWith('BSON') || error instanceof RangeError);
}

function words(error: Error): string {
  return maskSecrets(error.message.split('\n', 1)[0]!).replace(/\.$/, '');
}
