import { CachectlError, RefusedError, UnreachableError } from '../../errors.js';
import {
  handshakeFault,
  networkError,
  networkFault,
  PROFILE_FILES,
  requiresTls,
  type TlsTerms,
} from '../network/errors.js';
import { OtherProtocolError } from '../network/first-bytes.js';
import { LargeReplyError, tooLargeReply } from '../network/reply-limit.js';
import * as explained from '../sql/explanations.js';
import { codeOf, explain, type Explain } from '../sql/explanations.js';
import { ofNode, TLS_ERROR } from './tls-errors.js';

export const TLS_TERMS: TlsTerms = {
  turnOn: 'Set tls: true in the profile, or add ?tls=true to the URL.',
  off: 'a URL without tls=true (or remove tls from the profile)',
  ...PROFILE_FILES,
};

export const DEADLOCK = 'ER_LOCK_DEADLOCK';
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
  const explanation = EXPLANATIONS[code];
  if (explanation !== undefined) return explanation(location, error.message, { cause: error });
  if (code === TLS_ERROR) return networkError(handshakeFault(ofNode(error), TLS_TERMS), location, error);
  const fault = networkFault(error, TLS_TERMS);
  if (fault !== undefined) return networkError(fault, location, error);
  if (!('errno' in error)) return error;
  return explained.refused(location, error.message, { cause: error });
}

const garbage = explained.otherProtocol('MySQL');

const wrongLogin = explain(
  RefusedError,
  '{location} refused the user name or password',
  'Check username and password in the profile or URL, and tls: the account may require TLS or a client certificate.',
);

const notText = explain(
  RefusedError,
  '{location} cannot store these bytes in a text column: they are not in its character set',
  'Laravel cannot store this value or key there either. Use utf8mb4 for text, or a mediumblob value column for bytes.',
);

const noCharacter = explain(
  RefusedError,
  '{location} has no such character in the character set of the key column',
  'Laravel cannot store this key there either. Convert the table to utf8mb4.',
);

/** Translations by the name of the error code. */
const EXPLANATIONS: Readonly<Record<string, Explain>> = {
  ER_ACCESS_DENIED_ERROR: wrongLogin,
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: wrongLogin,
  ER_NOT_SUPPORTED_AUTH_MODE: explain(
    RefusedError,
    '{location} wants another way to log in: {message}',
    'Give the user mysql_native_password or caching_sha2_password.',
  ),
  // The answer to a wrong name too, so that nobody can find out which databases exist.
  ER_DBACCESS_DENIED_ERROR: explain(
    RefusedError,
    '{location} does not permit this user to use that database: {message}',
    'Check database in the profile or URL, or grant the user rights on it.',
  ),
  [TABLE_DENIED]: explained.denied,
  ER_COLUMNACCESS_DENIED_ERROR: explained.denied,
  ER_SPECIFIC_ACCESS_DENIED_ERROR: explained.denied,
  ER_BAD_DB_ERROR: explained.noDatabase,
  [NO_SUCH_TABLE]: (location, message, cause) =>
    new RefusedError(
      `${location} has no such table: ${message.replace(/^Table '(.*)' doesn't exist$/, '$1')}`,
      'Check table and lockTable in the profile, or create the tables: php artisan migrate, or cachectl doctor --fix',
      cause,
    ),
  ER_BAD_FIELD_ERROR: explained.noColumn,
  ER_BAD_NULL_ERROR: explain(
    RefusedError,
    '{location} holds this key in another spelling: the collation of the key column takes the two for one',
    'Use the spelling that is stored (cachectl keys), or give the key column a collation such as utf8mb4_bin.',
  ),
  // MariaDB, and MySQL 8.
  ER_CANT_AGGREGATE_2COLLATIONS: noCharacter,
  ER_CANNOT_CONVERT_STRING: noCharacter,
  ER_TRUNCATED_WRONG_VALUE_FOR_FIELD: notText,
  ER_INVALID_CHARACTER_STRING: notText,
  ER_DATA_TOO_LONG: explain(
    RefusedError,
    '{location} cannot store that: {message}',
    'A key has at most 255 characters with its prefix, and a mediumtext value 16 MB.',
  ),
  ER_WARN_DATA_OUT_OF_RANGE: explained.expiryTooLarge,
  ER_NET_PACKET_TOO_LARGE: explain(
    RefusedError,
    '{location} does not take a statement that large',
    'Raise max_allowed_packet on the server, or store the value elsewhere.',
  ),
  [DEADLOCK]: explained.conflict,
  ER_LOCK_WAIT_TIMEOUT: explained.lockedRows,
  ER_QUERY_INTERRUPTED: explained.cancelled,
  ER_QUERY_TIMEOUT: explained.cancelled,
  // MariaDB's ER_STATEMENT_TIMEOUT.
  1969: explained.cancelled,
  ER_DISK_FULL: explained.noSpace,
  ER_RECORD_FILE_FULL: explained.noSpace,
  // «Got error 28 "No space left on device" from storage engine»
  ER_GET_ERRNO: (location, message, cause) =>
    (/error 28|no space/i.test(message) ? explained.noSpace : explained.damaged)(location, message, cause),
  ER_CRASHED_ON_REPAIR: explained.damaged,
  ER_CRASHED_ON_USAGE: explained.damaged,
  ER_ERROR_ON_READ: explained.damaged,
  ER_ERROR_ON_WRITE: explained.damaged,
  ER_INDEX_CORRUPT: explained.damaged,
  ER_NOT_KEYFILE: explained.damaged,
  ER_TABLE_CORRUPT: explained.damaged,
  // MariaDB's ER_NO_SUCH_TABLE_IN_ENGINE.
  1932: explained.damaged,
  ER_OUTOFMEMORY: explained.outOfMemory,
  ER_OUT_OF_RESOURCES: explained.outOfMemory,
  ER_LOCK_TABLE_FULL: explained.outOfMemory,
  // A node of Galera without a quorum, or that is still joining.
  ER_UNKNOWN_COM_ERROR: explained.notReady,
  ER_CON_COUNT_ERROR: explained.tooManyConnections,
  ER_OPTION_PREVENTS_STATEMENT: explained.readOnly,
  ER_READ_ONLY_MODE: explained.readOnly,
  ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: explained.readOnly,
  ER_SECURE_TRANSPORT_REQUIRED: (location, _, cause) =>
    new UnreachableError(requiresTls(location), TLS_TERMS.turnOn, cause),
  ER_HOST_NOT_PRIVILEGED: explain(
    RefusedError,
    '{location} does not permit connections from this host',
    "Check the hosts of the user's account.",
  ),
  ER_HOST_IS_BLOCKED: explain(
    RefusedError,
    '{location} blocks this host after too many failed connections',
    'Run mariadb-admin flush-hosts (or mysqladmin) on the server.',
  ),
  HANDSHAKE_NO_SSL_SUPPORT: explained.noTls(TLS_TERMS.off),
  PROTOCOL_CONNECTION_LOST: explained.lost,
  ECONNRESET: explained.lost,
  EPIPE: explained.lost,
  ER_SERVER_SHUTDOWN: explained.lost,
  // MariaDB's ER_CONNECTION_KILLED.
  1927: explained.lost,
};
