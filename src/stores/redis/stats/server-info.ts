import type { ServerStats, StatsDetail } from '../../contract/stats.js';

/** The `name:value` lines of INFO. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** INFO in the shape that all stores share. Forks leave out lines or add their own. */
export function serverFacts(info: ReadonlyMap<string, string>, database: number): Omit<ServerStats, 'name'> {
  const number = (name: string): number | undefined => {
    const value = info.get(name);
    return value !== undefined && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined;
  };

  const limit = number('maxmemory');
  const role = info.get('role');
  return defined({
    ...softwareOf(info),
    uptime: number('uptime_in_seconds'),
    role: role && (ROLES[role] ?? role),
    replicas: number('connected_slaves'),
    entries: keyspace(info, database)?.keys,
    bytes: number('used_memory'),
    maxBytes: limit === 0 ? null : limit,
    hits: number('keyspace_hits'),
    misses: number('keyspace_misses'),
    evictions: number('evicted_keys'),
    expired: number('expired_keys'),
    memory: number('used_memory_rss'),
    fragmentation: number('mem_fragmentation_ratio'),
    clients: number('connected_clients'),
    commands: number('total_commands_processed'),
    commandsPerSecond: number('instantaneous_ops_per_sec'),
    details: details(info, number, database),
  });
}

/** The terms since Redis 5. */
const ROLES: Readonly<Record<string, string>> = { master: 'primary', slave: 'replica' };

/** Servers that speak Redis's protocol. Each also reports the version of Redis that it emulates. */
const CLONES = [
  ['valkey_version', 'Valkey'],
  ['dragonfly_version', 'Dragonfly'],
  ['garnet_version', 'Garnet'],
] as const;

function softwareOf(info: ReadonlyMap<string, string>): Pick<ServerStats, 'software' | 'version'> {
  for (const [name, software] of CLONES) {
    const version = info.get(name);
    if (version !== undefined) return { software, version };
  }

  const version = info.get('redis_version');
  return version === undefined ? {} : { software: 'Redis', version };
}

/** `db1:keys=12,expires=3,avg_ttl=0`. INFO has no line for an empty database. */
function keyspace(info: ReadonlyMap<string, string>, database: number): Keyspace | undefined {
  const line = info.get(`db${database}`);
  if (line === undefined) return undefined;
  const [keys, expires] = ['keys', 'expires'].map((name) => new RegExp(String.raw`\b${name}=(\d+)`).exec(line)?.[1]);
  return keys === undefined
    ? undefined
    : { keys: Number(keys), ...(expires !== undefined && { expires: Number(expires) }) };
}

interface Keyspace {
  readonly keys: number;
  readonly expires?: number;
}

function details(
  info: ReadonlyMap<string, string>,
  number: (name: string) => number | undefined,
  database: number,
): Readonly<Record<string, StatsDetail>> {
  const facts: Record<string, Omit<StatsDetail, 'value'> & { readonly value: StatsDetail['value'] | undefined }> = {
    evictionPolicy: { value: info.get('maxmemory_policy') },
    expiringKeys: { value: keyspace(info, database)?.expires },
    peakBytes: { value: number('used_memory_peak'), unit: 'bytes' },
    maxClients: { value: number('maxclients') },
    blockedClients: { value: number('blocked_clients') },
    rejectedConnections: { value: number('rejected_connections') },
    replicaLag: { value: replicasOf(info) },
    lastSave: { value: info.get('rdb_last_bgsave_status') },
    appendOnly: { value: { '0': 'off', '1': 'on' }[info.get('aof_enabled') ?? ''] },
  };
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, { value, ...rest }]) =>
      value === undefined ? [] : [[name, { ...rest, value }]],
    ),
  );
}

/** Summarize `slave0:ip=10.0.0.8,port=6379,state=online,offset=14,lag=1` lines in one line. */
function replicasOf(info: ReadonlyMap<string, string>): string | undefined {
  const texts = [...info]
    .filter(([name]) => /^slave\d+$/.test(name))
    .map(([, line]) => {
      const fields = new Map(line.split(',').map((field) => field.split('=', 2) as [string, string]));
      const lag = fields.get('lag');
      const behind = lag === undefined ? '' : `, last seen ${lag} s ago`;
      return `${fields.get('ip')}:${fields.get('port')} ${fields.get('state')}${behind}`;
    });
  return texts.length === 0 ? undefined : texts.join('; ');
}

function defined<T extends object>(members: { [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}
