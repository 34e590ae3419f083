import { ConfigError } from '../../errors.js';

interface Unsupported {
  /** The name used by the product or framework. */
  readonly what: string;
  readonly hint: string;
}

const DATABASE_HINT =
  'A database cache in SQLite is driver: sqlite with path: FILE. For others write a driver: docs/custom-drivers.md.';
const OTHER_HINT = 'Drivers: sqlite, redis, memcached, mongodb, or a custom one: docs/custom-drivers.md.';
const IN_PHP =
  'It lives inside PHP, so no other process can read it. Use a cache store that processes share, such as redis.';

const NO_STORE: ReadonlyMap<string, Unsupported> = new Map<string, Unsupported>([
  ...databases('MySQL', 'mysql'),
  ...databases('MariaDB', 'mariadb'),
  ...databases('PostgreSQL', 'pgsql', 'postgres', 'postgresql'),
  ...databases('SQL Server', 'sqlsrv', 'mssql', 'sqlserver'),
  ['database', { what: "Laravel's database cache on MySQL, PostgreSQL or SQL Server", hint: DATABASE_HINT }],
  ['dynamodb', { what: 'DynamoDB', hint: OTHER_HINT }],
  ['storage', { what: "Laravel's storage cache", hint: OTHER_HINT }],
  [
    'file',
    {
      what: "Laravel's file cache",
      hint: 'The example driver reads it: driver: ./file-store/driver.mjs; see examples/file-store and docs/custom-drivers.md.',
    },
  ],
  [
    'array',
    {
      what: "Laravel's array cache",
      hint: 'It lives in one process. Use driver: sqlite, the default: it needs no server.',
    },
  ],
  ['apc', { what: 'APCu', hint: IN_PHP }],
  ['apcu', { what: 'APCu', hint: IN_PHP }],
  ['octane', { what: "Octane's in-memory cache", hint: IN_PHP }],
  [
    'session',
    {
      what: "Laravel's session cache",
      hint: 'Each session has its own. Use the store behind the sessions, such as redis.',
    },
  ],
  ['failover', { what: "Laravel's failover cache", hint: 'Write a profile for each of its stores, and select one.' }],
  ['null', { what: "Laravel's null cache, which keeps nothing", hint: OTHER_HINT }],
]);

/** Explain why cachectl does not support a driver or URL scheme of Laravel or a database. Undefined for other words. */
export function noStoreFor(name: string, where: string): ConfigError | undefined {
  const found = NO_STORE.get(name.toLowerCase());
  return found && new ConfigError(`${where}: cachectl does not support ${found.what} yet`, found.hint);
}

function databases(what: string, ...names: readonly string[]): ReadonlyArray<readonly [string, Unsupported]> {
  return names.map((name) => [name, { what, hint: DATABASE_HINT }]);
}
