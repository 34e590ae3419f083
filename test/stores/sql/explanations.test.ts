import { expect } from 'chai';

import { CachectlError, FullError, isPassing, NotReadyError, RefusedError, TimeoutError } from '../../../src/errors.js';
import { translated as ofMysql } from '../../../src/stores/mysql/errors.js';
import { translated as ofPostgres } from '../../../src/stores/postgres/errors.js';

type Kind = typeof FullError | typeof NotReadyError | typeof RefusedError | typeof TimeoutError;

/**
 * Errors as the servers send them (number and name of mysql2, or SQLSTATE of pg; the message), and their translation.
 */
type Sent = readonly [code: string, errno: number, message: string, Kind: Kind, says: string];

const MYSQL: readonly Sent[] = [
  ['ER_DISK_FULL', 1021, 'Disk full (/tmp/#sql-1.MAI); waiting for someone to free some space', FullError, 'no space'],
  ['ER_RECORD_FILE_FULL', 1114, "The table 'cache' is full", FullError, 'no space left'],
  ['ER_GET_ERRNO', 1030, 'Got error 28 "No space left on device" from storage engine InnoDB', FullError, 'no space'],
  ['ER_GET_ERRNO', 1030, 'Got error 5 "Input/output error" from storage engine InnoDB', RefusedError, 'its files'],
  ['ER_CRASHED_ON_USAGE', 1145, "Table 'cache' is marked as crashed and should be repaired", RefusedError, 'its files'],
  ['ER_INDEX_CORRUPT', 1712, 'Index PRIMARY is corrupted', RefusedError, 'cannot read or write its files'],
  ['', 1932, "Table 'cache' doesn't exist in engine", RefusedError, 'cannot read or write its files'],
  ['ER_QUERY_INTERRUPTED', 1317, 'Query execution was interrupted', TimeoutError, 'cancelled the statement'],
  ['ER_QUERY_TIMEOUT', 3024, 'maximum statement execution time exceeded', TimeoutError, 'cancelled the statement'],
  ['', 1969, 'Query execution was interrupted (max_statement_time exceeded)', TimeoutError, 'cancelled the statement'],
  ['ER_OUTOFMEMORY', 1037, 'Out of memory; restart server and try again', NotReadyError, 'is out of memory'],
  ['ER_LOCK_TABLE_FULL', 1206, 'The total number of locks exceeds the lock table size', NotReadyError, 'of memory'],
  ['ER_OPTION_PREVENTS_STATEMENT', 1290, 'running with the --read-only option', NotReadyError, 'refuses writes'],
  ['ER_UNKNOWN_COM_ERROR', 1047, 'WSREP has not yet prepared node for use', NotReadyError, 'is not ready'],
];

const POSTGRES: readonly Sent[] = [
  ['53100', 0, 'could not extend file "base/5/16384": No space left on device', FullError, 'has no space left'],
  ['53200', 0, 'out of memory', NotReadyError, 'is out of memory'],
  ['57014', 0, 'canceling statement due to statement timeout', TimeoutError, 'cancelled the statement'],
  ['57014', 0, 'canceling statement due to user request', TimeoutError, 'cancelled the statement'],
  ['58030', 0, 'could not read block 0 in file "base/5/16384": Input/output error', RefusedError, 'its files'],
  ['XX001', 0, 'invalid page in block 0 of relation base/5/16384', RefusedError, 'cannot read or write its files'],
  ['XX002', 0, 'index "cache_pkey" contains unexpected zero page at block 0', RefusedError, 'its files'],
  ['25006', 0, 'cannot execute INSERT in a read-only transaction', NotReadyError, 'refuses writes'],
  ['57P03', 0, 'the database system is starting up', NotReadyError, 'is not ready'],
];

const PASSING: ReadonlySet<Kind> = new Set([NotReadyError, TimeoutError]);

for (const [product, translated, all] of [
  ['MySQL', ofMysql, MYSQL],
  ['PostgreSQL', ofPostgres, POSTGRES],
] as const) {
  describe(`an error of ${product}`, () => {
    for (const [code, errno, message, Kind, says] of all) {
      it(`${code || errno}: ${message}`, () => {
        const sent = Object.assign(new Error(message), {
          ...(code !== '' && { code }),
          ...(product === 'MySQL' ? { errno, sqlState: 'HY000' } : { severity: 'ERROR' }),
        });
        const explained = translated(sent, 'the server');
        expect(explained).to.be.instanceOf(CachectlError).and.instanceOf(Kind);
        const { message: said, hint, exitCode, cause } = explained as CachectlError;
        expect(said)
          .to.match(/^the server /)
          .and.include(says);
        expect(said.endsWith(message)).to.equal(true);
        expect(hint).not.to.equal('');
        expect({ exitCode, cause, isPassing: isPassing(explained) }).to.deep.equal({
          exitCode: 3,
          cause: sent,
          isPassing: PASSING.has(Kind),
        });
      });
    }
  });
}
