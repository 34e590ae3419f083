import { CachectlError, NotReadyError, RefusedError, TimeoutError, UnreachableError } from '../../errors.js';
import { handshakeFault, networkError, networkFault, requiresTls, type TlsTerms } from '../network/errors.js';
import { OtherProtocolError } from '../network/first-bytes.js';
import { LargeReplyError, tooLargeReply } from '../network/reply-limit.js';
import { ofNode, TLS_ERROR } from './tls-errors.js';

export const TLS_TERMS: TlsTerms = {
  turnOn: 'Set tls: true in the profile, or add ?tls=true to the URL.',
  off: 'a URL without tls=true (or remove tls from the profile)',
  ca: 'tls.ca in the profile',
  clientCertificate: 'tls.cert and tls.key in the profile',
};

const DEADLOCK = 'ER_LOCK_DEADLOCK';
const NO_SUCH_TABLE = 'ER_NO_SUCH_TABLE';
const TABLE_DENIED = 'ER_TABLEACCESS_DENIED_ERROR';

export function isRetriable(error: unknown): boolean {
  return codeOf(error) === DEADLOCK;
}

export function isMissingTable(error: unknown): boolean {
  return codeOf(error) === NO_SUCH_TABLE;
}

/** Whether the user lacks a right on the table, from an error of mysql2 or a translated one. */
export function isDenied(error: unknown): boolean {
  const cause = error instanceof CachectlError ? error.cause : error;
  return codeOf(cause) === TABLE_DENIED;
}

/** Translate an error of mysql2 or the server into one that names the server. */
export function translated(error: unknown, location: string): unknown {
  if (error instanceof CachectlError || !(error instanceof Error)) return error;
  if (error instanceof LargeReplyError) return tooLargeReply(error, location, error);
  // A RangeError: the parser of mysql2 read past the end of a packet.
  if (error instanceof RangeError || error instanceof OtherProtocolError)
    return garbage(location, error.message, { cause: error });
  const code = codeOf(error) ?? '';
  const explain = EXPLANATIONS[code];
  if (explain !== undefined) return explain(location, error.message, { cause: error });
  if (code === TLS_ERROR) return networkError(handshakeFault(ofNode(error), TLS_TERMS), location, error);
  const fault = networkFault(error, TLS_TERMS);
  if (fault !== undefined) return networkError(fault, location, error);
  if (!('errno' in error)) return error;
  return new RefusedError(`${location} refused: ${error.message}`, 'Check the tables that the profile names.', {
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

type Explain = (location: string, message: string, cause: ErrorOptions) => CachectlError;

const refused =
  (text: string, hint: string): Explain =>
  (location, _, cause) =>
    new RefusedError(`${location} ${text}`, hint, cause);

const garbage: Explain = (location, _, cause) =>
  new UnreachableError(
    `${location} does not speak the MySQL protocol`,
    'Check that the port is the port of MySQL.',
    cause,
  );

const READ_ONLY: Explain = (location, message, cause) =>
  new NotReadyError(`${location} refuses writes: ${message}`, 'Name the primary in the profile or URL.', cause);

// Also the answer of a server or an account that requires TLS, or a client certificate.
const LOGIN = refused(
  'refused the user name or password',
  'Check username and password in the profile or URL, and tls: the account may require TLS or a client certificate.',
);
const RIGHTS: Explain = (location, message, cause) =>
  new RefusedError(
    `${location} does not permit this user to do that: ${message}`,
    "Grant the user SELECT, INSERT, UPDATE and DELETE on the cache's tables.",
    cause,
  );

const NOT_TEXT: Explain = (location, _, cause) =>
  new RefusedError(
    `${location} cannot store these bytes in a text column: they are not in its character set`,
    'Laravel cannot store this value or key there either. Use utf8mb4 for text, or a mediumblob value column for bytes.',
    cause,
  );

/** Translations by the name of the error code. */
const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  ER_ACCESS_DENIED_ERROR: LOGIN,
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: LOGIN,
  ER_NOT_SUPPORTED_AUTH_MODE: (location, message, cause) =>
    new RefusedError(
      `${location} wants another way to log in: ${message}`,
      'Give the user mysql_native_password or caching_sha2_password.',
      cause,
    ),
  // The answer to a wrong name too, so that nobody can find out which databases exist.
  ER_DBACCESS_DENIED_ERROR: (location, message, cause) =>
    new RefusedError(
      `${location} does not permit this user to use that database: ${message}`,
      'Check database in the profile or URL, or grant the user rights on it.',
      cause,
    ),
  [TABLE_DENIED]: RIGHTS,
  ER_COLUMNACCESS_DENIED_ERROR: RIGHTS,
  ER_SPECIFIC_ACCESS_DENIED_ERROR: RIGHTS,
  ER_BAD_DB_ERROR: refused('has no such database', 'Check database in the profile or URL.'),
  [NO_SUCH_TABLE]: (location, message, cause) =>
    new RefusedError(
      `${location} has no such table: ${message.replace(/^Table '(.*)' doesn't exist$/, '$1')}`,
      'Check table and lockTable in the profile, or create the tables: php artisan migrate, or cachectl doctor --fix',
      cause,
    ),
  ER_BAD_FIELD_ERROR: (location, message, cause) =>
    new RefusedError(
      `${location}: a table is not one of Laravel's cache: ${message}`,
      'Check table and lockTable in the profile.',
      cause,
    ),
  ER_BAD_NULL_ERROR: (location, _, cause) =>
    new RefusedError(
      `${location} holds this key in another spelling: the collation of the key column takes the two for one`,
      'Use the spelling that is stored (cachectl keys), or give the key column a collation such as utf8mb4_bin.',
      cause,
    ),
  ER_CANT_AGGREGATE_2COLLATIONS: refused(
    'has no such character in the character set of the key column',
    'Laravel cannot store this key there either. Convert the table to utf8mb4.',
  ),
  ER_TRUNCATED_WRONG_VALUE_FOR_FIELD: NOT_TEXT,
  ER_INVALID_CHARACTER_STRING: NOT_TEXT,
  ER_DATA_TOO_LONG: (location, message, cause) =>
    new RefusedError(
      `${location} cannot store that: ${message}`,
      'A key has at most 255 characters with its prefix, and a mediumtext value 16 MB.',
      cause,
    ),
  ER_WARN_DATA_OUT_OF_RANGE: (location, message, cause) =>
    new RefusedError(
      `${location} cannot store that expiry: ${message}`,
      'Use a shorter TTL, or make the expiration column a bigint.',
      cause,
    ),
  ER_NET_PACKET_TOO_LARGE: refused(
    'does not take a statement that large',
    'Raise max_allowed_packet on the server, or store the value elsewhere.',
  ),
  // After all retries.
  [DEADLOCK]: (location, message, cause) =>
    new TimeoutError(`${location} rolled back a transaction again and again: ${message}`, 'Try again.', cause),
  ER_LOCK_WAIT_TIMEOUT: (location, _, cause) =>
    new TimeoutError(
      `${location}: another transaction still holds the rows`,
      'Try again, or allow more time: --timeout 30s',
      cause,
    ),
  ER_CON_COUNT_ERROR: (location, _, cause) =>
    new NotReadyError(`${location} has too many connections`, 'Raise max_connections, or try again later.', cause),
  ER_OPTION_PREVENTS_STATEMENT: READ_ONLY,
  ER_READ_ONLY_MODE: READ_ONLY,
  ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: READ_ONLY,
  ER_SECURE_TRANSPORT_REQUIRED: (location, _, cause) =>
    new UnreachableError(requiresTls(location), TLS_TERMS.turnOn, cause),
  ER_HOST_NOT_PRIVILEGED: refused(
    'does not permit connections from this host',
    "Check the hosts of the user's account.",
  ),
  ER_HOST_IS_BLOCKED: refused(
    'blocks this host after too many failed connections',
    'Run mariadb-admin flush-hosts (or mysqladmin) on the server.',
  ),
  HANDSHAKE_NO_SSL_SUPPORT: (location, _, cause) =>
    new UnreachableError(`${location} does not speak TLS`, `Use ${TLS_TERMS.off}.`, cause),
  PROTOCOL_CONNECTION_LOST: lost,
  ECONNRESET: lost,
  EPIPE: lost,
  ER_SERVER_SHUTDOWN: lost,
};

function lost(location: string, _: string, cause: ErrorOptions): CachectlError {
  return new UnreachableError(
    `the connection to ${location} was lost`,
    'Check that the server is running. Unacknowledged writes may or may not have been applied.',
    cause,
  );
}
