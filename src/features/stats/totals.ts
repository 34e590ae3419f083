import type { ServerStats } from '../../stores/contract/stats.js';

/** What servers tell together. */
export type StatsTotals = Omit<ServerStats, 'details' | 'failure' | 'name'> & {
  /** Of all lookups since they were started; undefined without any. */
  readonly hitRatio?: number;
};

const ADDED = [
  'entries',
  'bytes',
  'hits',
  'misses',
  'evictions',
  'expired',
  'memory',
  'clients',
  'commands',
  'commandsPerSecond',
  'replicas',
] as const satisfies ReadonlyArray<keyof ServerStats>;

/**
 * Sums where every server that could be asked tells, and nothing where one of them does not: part of a sum would pass for
 * the whole. The uptime is that of the one that was started last.
 */
export function totalsOf(servers: readonly ServerStats[]): StatsTotals {
  const asked = servers.filter(({ failure }) => failure === undefined);
  const sums = Object.fromEntries(
    ADDED.flatMap((name) => {
      const values = told(asked, name);
      return values === undefined ? [] : [[name, values.reduce((sum, value) => sum + value, 0)]];
    }),
  ) as Pick<StatsTotals, (typeof ADDED)[number]>;
  const uptimes = told(asked, 'uptime');
  const limits = asked.map(({ maxBytes }) => maxBytes);
  const [only] = asked.length === 1 ? asked : [];
  return {
    ...sums,
    ...(uptimes && { uptime: Math.min(...uptimes) }),
    ...(!limits.includes(undefined) && { maxBytes: limitOf(limits as ReadonlyArray<null | number>) }),
    ...(only?.fragmentation !== undefined && { fragmentation: only.fragmentation }),
    ...words(asked, 'software'),
    ...words(asked, 'version'),
    ...words(asked, 'role'),
    ...ratioOf(sums),
  };
}

/** Of one server or of many. */
export function ratioOf({ hits, misses }: Pick<ServerStats, 'hits' | 'misses'>): Pick<StatsTotals, 'hitRatio'> {
  if (hits === undefined || misses === undefined || hits + misses === 0) return {};
  return { hitRatio: hits / (hits + misses) };
}

/** Undefined unless all tell it. */
function told(servers: readonly ServerStats[], name: 'uptime' | (typeof ADDED)[number]): readonly number[] | undefined {
  const values = servers.map((server) => server[name]).filter((value) => value !== undefined);
  return values.length === servers.length && values.length > 0 ? values : undefined;
}

function limitOf(limits: ReadonlyArray<null | number>): null | number {
  return limits.includes(null) ? null : limits.reduce<number>((sum, limit) => sum + limit!, 0);
}

/** Each that there is, once. */
function words<Name extends 'role' | 'software' | 'version'>(
  servers: readonly ServerStats[],
  name: Name,
): { readonly [Key in Name]?: string } {
  const known = new Set(servers.map((server) => server[name]).filter((value) => value !== undefined));
  return (known.size === 0 ? {} : { [name]: [...known].join(', ') }) as { readonly [Key in Name]?: string };
}
