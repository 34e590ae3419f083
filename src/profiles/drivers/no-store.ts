import { ConfigError } from '../../errors.js';

interface Unsupported {
  /** The name used by the product or framework. */
  readonly what: string;
  readonly hint: string;
}

const DATABASE_HINT = 'The database cache works on MySQL, MariaDB, PostgreSQL and SQLite: docs/sql.md.';
const SHARED = 'Use a store that processes share, such as redis, database or file.';

/** All others of Laravel's stores, each with the way out; docs/laravel-stores.md has the whole list. */
const NO_STORE: ReadonlyMap<string, Unsupported> = new Map<string, Unsupported>([
  ...databases('SQL Server', 'sqlsrv', 'mssql', 'sqlserver'),
  [
    'database',
    {
      what: 'driver: database without a connection',
      hint: 'Add connection: mysql, mariadb, pgsql or sqlite, or a url: docs/sql.md.',
    },
  ],
  ['dynamodb', { what: 'DynamoDB', hint: 'Use its AWS console or CLI, or write a driver: docs/custom-drivers.md.' }],
  [
    'storage',
    {
      what: "Laravel's storage cache, which is on a disk of the application",
      hint: 'If that disk is a local folder, use driver: file with its path and the prefix of the cache.',
    },
  ],
  [
    'array',
    {
      what: "Laravel's array cache",
      hint: 'It lives in one process. Use driver: sqlite, the default: it needs no server.',
    },
  ],
  ['apc', { what: 'APCu, which keeps its entries inside PHP', hint: SHARED }],
  ['apcu', { what: 'APCu, which keeps its entries inside PHP', hint: SHARED }],
  ['octane', { what: "Octane's cache, which is inside the Octane server", hint: SHARED }],
  [
    'session',
    {
      what: "Laravel's session cache, which is a part of each user's session",
      hint: 'Entries are in the store of the sessions, serialized with them. Use a profile of that store to look at it.',
    },
  ],
  [
    'failover',
    {
      what: "Laravel's failover cache, which is a list of other stores",
      hint: 'Use a profile of the first store in its list: it has the entries and locks, unless it failed.',
    },
  ],
  ['null', { what: "Laravel's null cache, which stores nothing", hint: 'There is nothing to look at or to flush.' }],
]);

/** Explain why cachectl does not support a driver or URL scheme of Laravel or a database. Undefined for other words. */
export function noStoreFor(name: string, where: string): ConfigError | undefined {
  const found = NO_STORE.get(name.toLowerCase());
  return found && new ConfigError(`${where}: cachectl does not support ${found.what}`, found.hint);
}

function databases(what: string, ...names: readonly string[]): ReadonlyArray<readonly [string, Unsupported]> {
  return names.map((name) => [name, { what: `${what} yet`, hint: DATABASE_HINT }]);
}
