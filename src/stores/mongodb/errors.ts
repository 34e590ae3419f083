import {
  MongoAPIError,
  MongoBulkWriteError,
  MongoError,
  MongoInvalidArgumentError,
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
  NotReadyError,
  RefusedError,
  UnansweredError,
  UnreachableError,
} from '../../errors.js';
import { systemReason } from '../../system-errors.js';
import { noAnswer, UNACKNOWLEDGED } from '../network/errors.js';
import { firstLineOf } from './first-line.js';
import { NO_MESSAGE, notMongodb, unselected } from './server-selection-errors.js';

/** E11000: a document with that `_id` exists. */
const DUPLICATE_KEY = 11_000;

/**
 * Whether an upsert failed on the `_id` of a document that its filter excludes, and not on an index that someone
 * added.
 */
export function isDuplicate(error: unknown): boolean {
  if (!(error instanceof MongoServerError) || Number(error.code) !== DUPLICATE_KEY) return false;
  const pattern: unknown = error.keyPattern;
  return typeof pattern !== 'object' || pattern === null || '_id' in pattern;
}

/** Whether the server does not know the command. */
export function isUnknown(error: unknown): boolean {
  return hasCode(error, UNKNOWN);
}

/** Whether the server does not know an operator of the command. */
export function isUnknownOperator(error: unknown): boolean {
  return isUnknown(error) || hasCode(error, NO_OPERATOR);
}

/** Whether the collection does not exist. */
export function isNamespaceMissing(error: unknown): boolean {
  return hasCode(error, NAMESPACE_MISSING);
}

/** Whether `$inc` failed because the value is not a number. */
export function isTypeMismatch(error: unknown): boolean {
  return hasCode(error, TYPE_MISMATCH);
}

/** Translate an error into one that names the deployment and never a password. */
export function translated(error: unknown, location: string): CachectlError {
  if (error instanceof CachectlError) return error;
  // A bulk write wraps a lost connection in an error response.
  if (error instanceof MongoBulkWriteError && error.errorResponse instanceof Error)
    return translated(error.errorResponse, location);
  const options = { cause: error };
  if (error instanceof MongoServerSelectionError) return unselected(error, location);
  if (error instanceof MongoServerError) return answered(error, location);
  if (error instanceof MongoNetworkTimeoutError || error instanceof MongoOperationTimeoutError) {
    return new UnansweredError(`${location} ${noAnswer.what}`, noAnswer.hint, options);
  }

  if (isNoMessage(error)) return notMongodb(location, options);

  if (error instanceof MongoNetworkError || isEndedSocket(error)) {
    return new UnreachableError(
      `the connection to ${location} was lost`,
      `Check that the server is running. ${UNACKNOWLEDGED}`,
      options,
    );
  }

  if (error instanceof MongoInvalidArgumentError && /larger than the maximum/.test(error.message))
    return tooLarge(location, options);
  if (error instanceof MongoAPIError && isClosed(error)) {
    return new UnreachableError(`the connection to ${location} was closed`, 'Run the command again.', options);
  }

  if (error instanceof MongoAPIError || error instanceof MongoParseError) {
    const hint = 'Check the connection string and its options.';
    return new ConfigError(`${location} cannot be used: ${firstLineOf(error)}`, hint, options);
  }

  if (error instanceof MongoError || isBson(error)) {
    return new RefusedError(`${location}: ${firstLineOf(error)}`, 'Check the server and the profile.', options);
  }

  if (isSystemError(error)) return ofSystem(error, location);
  throw error;
}

function isNoMessage(error: unknown): boolean {
  if (!(error instanceof MongoError)) return false;
  return NO_MESSAGE.test(error.message) || (error.cause instanceof Error && NO_MESSAGE.test(error.cause.message));
}

/** The document exceeds the limit. If the driver sent it, the server would close the connection. */
export function tooLarge(location: string, options: ErrorOptions = {}): CachectlError {
  return new RefusedError(
    `the document is too large for ${location}: the limit is 16 MB`,
    'Store it in parts, or elsewhere.',
    options,
  );
}

/** Error codes for an unknown command, stage or option. */
const UNKNOWN = new Set([59, 115, 238, 40_324, 40_573]);

/** InvalidPipelineOperator. */
const NO_OPERATOR = new Set([168]);

const NAMESPACE_MISSING = new Set([26]);
const TYPE_MISMATCH = new Set([14]);
const NO_RIGHTS = new Set([13, 8000]);
const NO_LOGIN = new Set([18, 11]);
const NOT_WRITABLE = new Set([189, 10_107, 11_600, 11_602, 13_435, 13_436]);
const TOO_LARGE = new Set([10_334, 17_419, 17_420]);

function hasCode(error: unknown, codes: ReadonlySet<number>): boolean {
  return error instanceof MongoServerError && codes.has(Number(error.code));
}

function answered(error: MongoServerError, location: string): CachectlError {
  const options = { cause: error };
  if (hasCode(error, NO_LOGIN)) {
    return new RefusedError(
      `${location} refused the user name or password`,
      'Check username, password and authSource in the profile or URL.',
      options,
    );
  }

  if (hasCode(error, NO_RIGHTS)) {
    return new RefusedError(
      `${location} does not permit this user to do that: ${firstLineOf(error)}`,
      'Grant the user the role readWrite on the database.',
      options,
    );
  }

  if (hasCode(error, NOT_WRITABLE)) {
    return new NotReadyError(
      `${location} refuses writes: ${firstLineOf(error)}`,
      'Check that there is a primary, and name all members and replicaSet in the URL.',
      options,
    );
  }

  if (hasCode(error, UNKNOWN) && /\bsasl/i.test(error.message)) {
    const hint = 'Remove username and password from the profile or URL.';
    return new RefusedError(`${location} does not support authentication, but the profile has a user`, hint, options);
  }

  if (hasCode(error, TOO_LARGE)) return tooLarge(location, options);
  return new RefusedError(`${location} refused: ${firstLineOf(error)}`, 'Check the server and the profile.', options);
}

/** The store was closed during an operation. */
function isClosed({ name }: MongoAPIError): boolean {
  return /Closed|NotConnected|Expired/.test(name);
}

/** An answer that is not valid BSON, or not UTF-8. The official driver does not export the class. */
function isBson(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith('BSON');
}

/** A write to a socket that the other side has closed. The official driver passes Node's error through. */
function isEndedSocket(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE' && !('syscall' in error);
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** Errors before the connection: DNS (mongodb+srv), files named in options. */
function ofSystem(error: SystemError, location: string): CachectlError {
  const options = { cause: error };
  if (error.syscall.startsWith('query')) {
    return new UnreachableError(
      `${location} cannot be resolved: ${firstLineOf(error)}`,
      'Check the host. mongodb+srv needs SRV records for it, mongodb does not.',
      options,
    );
  }

  return new ConfigError(
    `${location} cannot be used: ${error.path ?? error.syscall}: ${systemReason(error)}`,
    'Check tlsCAFile and tlsCertificateKeyFile in the URL.',
    options,
  );
}
