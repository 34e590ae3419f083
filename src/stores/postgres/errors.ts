import { CachectlError, RefusedError, TimeoutError, UnreachableError } from '../../errors.js';
import { networkError, networkFault, PROFILE_FILES, requiresTls, type TlsTerms } from '../network/errors.js';
import { OtherProtocolError } from '../network/first-bytes.js';
import { LargeReplyError, tooLargeReply } from '../network/reply-limit.js';
import * as explained from '../sql/explanations.js';
import { codeOf, explain, type Explain } from '../sql/explanations.js';

export const TLS_TERMS: TlsTerms = {
  turnOn: 'Set tls: true in the profile, or add ?sslmode=verify-full to the URL.',
  off: 'a URL without tls=true and sslmode (or remove tls from the profile)',
  ...PROFILE_FILES,
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
  const explanation = EXPLANATIONS[code];
  if (explanation !== undefined) return explanation(location, error.message, cause);
  if (LOST_MESSAGE.test(error.message)) return explained.lost(location, error.message, cause);
  const fault = networkFault(error, TLS_TERMS);
  if (fault !== undefined) return networkError(fault, location, error);
  const ofLibrary = LIBRARY.find(([pattern]) => pattern.test(error.message))?.[1];
  if (ofLibrary !== undefined) return ofLibrary(location, error.message, cause);
  if (!('severity' in error)) return error;
  return explained.refused(location, error.message, cause);
}

const garbage = explained.otherProtocol('PostgreSQL');

const LOST_MESSAGE =
  /^Connection terminated|^Client has encountered a connection error|^Client was closed|connection is closed/;

/** pg reports these without a code. */
const LIBRARY: ReadonlyArray<readonly [RegExp, Explain]> = [
  [
    /client password must be a string|no password/i,
    explain(
      RefusedError,
      '{location} requires a password',
      'Add password to the profile, or to the URL: postgres://user:password@host/database',
    ),
  ],
  [/^received (?:invalid response|unexpected)|^Unknown authentication|^Binary mode/i, garbage],
  [/does not support SSL/, explained.noTls(TLS_TERMS.off)],
  [/^timeout expired/, explain(TimeoutError, '{location} did not answer in time', 'Allow more time: --timeout 30s')],
];

/** Translations by SQLSTATE. */
const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  '28P01': explain(
    RefusedError,
    '{location} refused the user name or password',
    'Check username and password in the profile or URL.',
  ),
  '28000': (location, message, cause) =>
    /no encryption|SSL off/.test(message)
      ? new UnreachableError(requiresTls(location), TLS_TERMS.turnOn, cause)
      : new RefusedError(
          `${location} refused the login: ${message}`,
          'Check the user, and pg_hba.conf on the server.',
          cause,
        ),
  '3D000': explained.noDatabase,
  [UNDEFINED_TABLE]: (location, message, cause) =>
    new RefusedError(
      `${location} has no such table: ${message.replace(/^relation "(.*)" does not exist$/, '$1')}`,
      'Check table, lockTable and searchPath in the profile, or create the tables: php artisan migrate, or cachectl doctor --fix',
      cause,
    ),
  '42703': explained.noColumn,
  '42P10': explain(
    RefusedError,
    '{location} has a table without a primary key on key',
    "Laravel's migration creates it: ALTER TABLE cache ADD PRIMARY KEY (key)",
  ),
  '42501': explained.denied,
  '22021': explain(
    RefusedError,
    '{location} cannot store text with a NUL or with bytes that are not UTF-8',
    'Laravel cannot store this value or key there either.',
  ),
  '22001': explain(
    RefusedError,
    '{location} cannot store that: {message}',
    'A key has at most 255 characters with its prefix.',
  ),
  '22003': explained.expiryTooLarge,
  '40P01': explained.conflict,
  '40001': explained.conflict,
  '55P03': explained.lockedRows,
  '57014': explained.cancelled,
  '53100': explained.noSpace,
  '53200': explained.outOfMemory,
  '58030': explained.damaged,
  XX001: explained.damaged,
  XX002: explained.damaged,
  '53300': explained.tooManyConnections,
  '57P03': explained.notReady,
  '25006': explained.readOnly,
  '57P01': explained.lost,
  '57P02': explained.lost,
  '57P04': explained.lost,
  // Idle for longer than the server allows, in a transaction or not.
  '25P03': explained.lost,
  '57P05': explained.lost,
};
