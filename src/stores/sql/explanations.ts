import {
  type CachectlError,
  FullError,
  NotReadyError,
  RefusedError,
  TimeoutError,
  UnreachableError,
} from '../../errors.js';
import { UNACKNOWLEDGED } from '../network/errors.js';

/** Makes a typed error of one of the server's. @param message the server's */
export type Explain = (location: string, message: string, cause: ErrorOptions) => CachectlError;

type Kind = typeof NotReadyError | typeof RefusedError | typeof TimeoutError | typeof UnreachableError;

/** @param text with {location}, and {message} for the server's words */
export const explain =
  (Kind: Kind, text: string, hint: string): Explain =>
  (location, message, cause) =>
    new Kind(
      text.replace('{location}', () => location).replace('{message}', () => message),
      hint,
      cause,
    );

/** The code of an error of a client library or server. The number of one that mysql2 has no name for. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'errno' in error && typeof error.errno === 'number' ? String(error.errno) : undefined;
}

/** Explanations that do not depend on the server. */
export const noDatabase = explain(
  RefusedError,
  '{location} has no such database',
  'Check database in the profile or URL.',
);
export const noColumn = explain(
  RefusedError,
  "{location}: a table is not one of Laravel's cache: {message}",
  'Check table and lockTable in the profile.',
);
export const denied = explain(
  RefusedError,
  '{location} does not permit this user to do that: {message}',
  "Grant the user SELECT, INSERT, UPDATE and DELETE on the cache's tables.",
);
export const readOnly = explain(
  NotReadyError,
  '{location} refuses writes: {message}',
  'Name the primary in the profile or URL.',
);
export const expiryTooLarge = explain(
  RefusedError,
  '{location} cannot store that expiry: {message}',
  'Use a shorter TTL, or make the expiration column a bigint.',
);
/** After all retries. */
export const conflict = explain(
  TimeoutError,
  '{location} rolled back a transaction again and again: {message}',
  'Try again.',
);
export const lockedRows = explain(
  TimeoutError,
  '{location}: another transaction still holds the rows',
  'Try again, or allow more time: --timeout 30s',
);
/** By the server's own time limit, or an administrator. */
export const cancelled = explain(
  TimeoutError,
  '{location} cancelled the statement: {message}',
  "Try again, or raise the server's time limit for statements.",
);
export const noSpace = explain(
  FullError,
  '{location} has no space left: {message}',
  'Free some disk space on the server, or raise the limit on the size of its files.',
);
export const damaged = explain(
  RefusedError,
  '{location} cannot read or write its files: {message}',
  "Look into the server's log, then repair the table or restore it from a backup.",
);
export const outOfMemory = explain(
  NotReadyError,
  '{location} is out of memory: {message}',
  'Try again later, or give the server more.',
);
export const notReady = explain(NotReadyError, '{location} is not ready: {message}', 'Try again in a moment.');
export const tooManyConnections = explain(
  NotReadyError,
  '{location} has too many connections',
  'Raise max_connections, or try again later.',
);
export const lost = explain(
  UnreachableError,
  'the connection to {location} was lost',
  `Check that the server is running. ${UNACKNOWLEDGED}`,
);

/** For an error that has no explanation of its own. */
export const refused = explain(
  RefusedError,
  '{location} refused: {message}',
  'Check the tables that the profile names.',
);

/** @param product as in "MySQL" */
export function otherProtocol(product: string): Explain {
  return explain(
    UnreachableError,
    `{location} does not speak the ${product} protocol`,
    `Check that the port is the port of ${product}.`,
  );
}

/** @param off how to turn TLS off */
export function noTls(off: string): Explain {
  return explain(UnreachableError, '{location} does not speak TLS', `Use ${off}.`);
}
