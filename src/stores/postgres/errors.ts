import { CachectlError, NotReadyError, RefusedError, TimeoutError, UnreachableError } from '../../errors.js';
import { networkError, networkFault, requiresTls, type TlsTerms } from '../network/errors.js';
import { OtherProtocolError } from '../network/first-bytes.js';
import { LargeReplyError, tooLargeReply } from '../network/reply-limit.js';

export const TLS_TERMS: TlsTerms = {
  turnOn: 'Set tls: true in the profile, or add ?sslmode=verify-full to the URL.',
  off: 'a URL without tls=true and sslmode (or remove tls from the profile)',
  ca: 'tls.ca in the profile',
  clientCertificate: 'tls.cert and tls.key in the profile',
};

/** deadlock_detected, serialization_failure. */
const PASSING = new Set(['40P01', '40001']);

const UNDEFINED_TABLE = '42P01';

export function isRetriable(error: unknown): boolean {
  return PASSING.has(codeOf(error) ?? '');
}

export function isMissingTable(error: unknown): boolean {
  return codeOf(error) === UNDEFINED_TABLE;
}

/** Translate an error of pg or the server into one that names the server. */
export function translated(error: unknown, location: string): unknown {
  if (error instanceof CachectlError || !(error instanceof Error)) return error;
  const cause = { cause: error };
  if (error instanceof OtherProtocolError) return garbage(location, error.message, cause);
  if (error instanceof LargeReplyError) return tooLargeReply(error, location, error);
  const code = codeOf(error) ?? '';
  const explain = EXPLANATIONS[code];
  if (explain !== undefined) return explain(location, error.message, cause);
  if (LOST.test(error.message)) return lost(location, error.message, cause);
  const fault = networkFault(error, TLS_TERMS);
  if (fault !== undefined) return networkError(fault, location, error);
  const ofLibrary = LIBRARY.find(([pattern]) => pattern.test(error.message))?.[1];
  if (ofLibrary !== undefined) return ofLibrary(location, error.message, cause);
  if (!('severity' in error)) return error;
  return new RefusedError(`${location} refused: ${error.message}`, 'Check the tables that the profile names.', cause);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

type Explain = (location: string, message: string, cause: ErrorOptions) => CachectlError;

const refused =
  (text: string, hint: string): Explain =>
  (location, _, cause) =>
    new RefusedError(`${location} ${text}`, hint, cause);

const READ_ONLY: Explain = (location, message, cause) =>
  new NotReadyError(`${location} refuses writes: ${message}`, 'Name the primary in the profile or URL.', cause);

const LOGIN = refused('refused the user name or password', 'Check username and password in the profile or URL.');

const lost: Explain = (location, _, cause) =>
  new UnreachableError(
    `the connection to ${location} was lost`,
    'Check that the server is running. Unacknowledged writes may or may not have been applied.',
    cause,
  );

/** After all retries. */
const conflict: Explain = (location, message, cause) =>
  new TimeoutError(`${location} rolled back a transaction again and again: ${message}`, 'Try again.', cause);

const garbage: Explain = (location, _, cause) =>
  new UnreachableError(
    `${location} does not speak the PostgreSQL protocol`,
    'Check that the port is the port of PostgreSQL.',
    cause,
  );

const LOST =
  /^Connection terminated|^Client has encountered a connection error|^Client was closed|connection is closed/;

/** pg reports these without a code. */
const LIBRARY: ReadonlyArray<readonly [RegExp, Explain]> = [
  [
    /client password must be a string|no password/i,
    refused(
      'requires a password',
      'Add password to the profile, or to the URL: postgres://user:password@host/database',
    ),
  ],
  [/^received (?:invalid response|unexpected)|^Unknown authentication|^Binary mode/i, garbage],
  [
    /does not support SSL/,
    (location, _, cause) => new UnreachableError(`${location} does not speak TLS`, `Use ${TLS_TERMS.off}.`, cause),
  ],
  [
    /^timeout expired/,
    (location, _, cause) =>
      new TimeoutError(`${location} did not answer in time`, 'Allow more time: --timeout 30s', cause),
  ],
];

/** Translations by SQLSTATE. */
const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  '28P01': LOGIN,
  '28000': (location, message, cause) =>
    /no encryption|SSL off/.test(message)
      ? new UnreachableError(requiresTls(location), TLS_TERMS.turnOn, cause)
      : new RefusedError(
          `${location} refused the login: ${message}`,
          'Check the user, and pg_hba.conf on the server.',
          cause,
        ),
  '3D000': refused('has no such database', 'Check database in the profile or URL.'),
  [UNDEFINED_TABLE]: (location, message, cause) =>
    new RefusedError(
      `${location} has no such table: ${message.replace(/^relation "(.*)" does not exist$/, '$1')}`,
      'Check table, lockTable and searchPath in the profile, or create the tables: php artisan migrate, or cachectl doctor --fix',
      cause,
    ),
  '42703': (location, message, cause) =>
    new RefusedError(
      `${location}: a table is not one of Laravel's cache: ${message}`,
      'Check table and lockTable in the profile.',
      cause,
    ),
  '42P10': refused(
    'has a table without a primary key on key',
    "Laravel's migration creates it: ALTER TABLE cache ADD PRIMARY KEY (key)",
  ),
  '42501': (location, message, cause) =>
    new RefusedError(
      `${location} does not permit this user to do that: ${message}`,
      "Grant the user SELECT, INSERT, UPDATE and DELETE on the cache's tables.",
      cause,
    ),
  '22021': refused(
    'cannot store text with a NUL or with bytes that are not UTF-8',
    'Laravel cannot store this value or key there either.',
  ),
  '22001': (location, message, cause) =>
    new RefusedError(
      `${location} cannot store that: ${message}`,
      'A key has at most 255 characters with its prefix.',
      cause,
    ),
  '22003': (location, message, cause) =>
    new RefusedError(
      `${location} cannot store that expiry: ${message}`,
      'Use a shorter TTL, or make the expiration column a bigint.',
      cause,
    ),
  '40P01': conflict,
  '40001': conflict,
  '55P03': (location, _, cause) =>
    new TimeoutError(
      `${location}: another transaction still holds the rows`,
      'Try again, or allow more time: --timeout 30s',
      cause,
    ),
  '53300': (location, _, cause) =>
    new NotReadyError(`${location} has too many connections`, 'Raise max_connections, or try again later.', cause),
  '57P03': (location, message, cause) =>
    new NotReadyError(`${location} is not ready: ${message}`, 'Try again in a moment.', cause),
  '25006': READ_ONLY,
  '57P01': lost,
  '57P02': lost,
};
