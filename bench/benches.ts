import type { Bench } from './measurement.js';

/** The benches. Each module is loaded on demand. */
export interface Listed {
  /** For `--list`. */
  readonly summary: string;
  load(): Promise<Bench>;
}

export const BENCHES: Readonly<Record<string, Listed>> = {
  cluster: {
    summary: 'three primaries of a cluster, beside three servers apart and beside one with as many entries',
    load: async () => (await import('./cluster.js')).measureCluster,
  },
  'events-monitor': {
    summary: 'how fast what MONITOR prints is taken',
    load: async () => (await import('./events/monitor.js')).measureMonitor,
  },
  export: {
    summary: 'export from each store, beside a script that reads values and ttls, and the sqlite3 shell',
    load: async () => (await import('./export.js')).measureExport,
  },
  keys: {
    summary: 'counting keys beside redis-cli --scan, memcdump and the sqlite3 shell; memory of a list of all',
    load: async () => (await import('./keys.js')).measureKeys,
  },
  'flush-redis': {
    summary: 'flush by prefix, half of what a server holds',
    load: async () => (await import('./bulk/flush-redis.js')).measureFlush,
  },
  'flush-sqlite': {
    summary: 'flush by prefix and tags:flush of a table',
    load: async () => (await import('./bulk/flush-sqlite.js')).measureSqlite,
  },
  'flush-memcached': {
    summary: 'flush by prefix, half of what a server holds',
    load: async () => (await import('./bulk/flush-memcached.js')).measureMemcached,
  },
  'flush-mongodb': {
    summary: 'flush by prefix, of a tenth as many documents',
    load: async () => (await import('./bulk/flush-mongodb.js')).measureMongodb,
  },
  'flush-mysql': {
    summary: 'flush by prefix and tags:flush of a table, beside one DELETE, and what another writer waits',
    load: async () => (await import('./bulk/flush-sql.js')).measureMysql,
  },
  'flush-postgres': {
    summary: 'flush by prefix and tags:flush of a table, beside one DELETE, and what another writer waits',
    load: async () => (await import('./bulk/flush-sql.js')).measurePostgres,
  },
  'import-memcached': {
    summary: 'import, beside a script that pipes set lines',
    load: async () => (await import('./bulk/import-others.js')).measureImportMemcached,
  },
  'import-mongodb': {
    summary: 'import and counting keys, beside a script with the driver, of a tenth as many documents',
    load: async () => (await import('./bulk/import-others.js')).measureImportMongodb,
  },
  'tags-redis': {
    summary: 'tags:flush of one large tag',
    load: async () => (await import('./bulk/tags-redis.js')).measureTagsFlush,
  },
  'lock-handover': {
    summary: "from a lock's release to the next acquisition",
    load: async () => (await import('./locks/handover.js')).measureHandover,
  },
  'lock-list': {
    summary: 'a list of a few locks among many entries',
    load: async () => (await import('./locks/list.js')).measureLockList,
  },
  'lock-load': {
    summary: 'what fifty waiters ask of the server',
    load: async () => (await import('./locks/load.js')).measureLoad,
  },
  remember: {
    summary: 'what a hit of remember takes, beside bkt',
    load: async () => (await import('./remember.js')).measureRemember,
  },
  scale: {
    summary: 'what each command costs a Redis server, in CPU time and round trips, as entries grow',
    load: async () => (await import('./scale.js')).measureScale,
  },
  startup: {
    summary: 'what a get takes as a process, beside a Node that does nothing',
    load: async () => (await import('./start-up.js')).measureStartUp,
  },
  transfer: {
    summary: 'import, beside redis-cli --pipe and the sqlite3 shell',
    load: async () => (await import('./transfer.js')).measureTransfer,
  },
  'transfer-mysql': {
    summary: 'import and export, beside LOAD DATA and SELECT of the mysql client',
    load: async () => (await import('./transfer-sql.js')).measureMysqlTransfer,
  },
  'transfer-postgres': {
    summary: 'import and export, beside COPY of psql',
    load: async () => (await import('./transfer-sql.js')).measurePostgresTransfer,
  },
};
