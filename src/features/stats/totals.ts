import type { ServerStats } from '../../stores/contract/stats.js';

/** Statistics of all servers together. */
export type StatsTotals = Omit<ServerStats, 'details' | 'failure' | 'name'> & {
  /** Since the servers started. Undefined without lookups. */
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
 * Sums of the figures that every server reports, as far as it answered; a partial sum would look like a total. The
 * uptime is the shortest one.
 */
export function totalsOf(servers: readonly ServerStats[]): StatsTotals {
  const answered = servers.filter(({ failure }) => failure === undefined);
  const sums = Object.fromEntries(
    ADDED.flatMap((name) => {
      const values = valuesOf(answered, name);
      return values === undefined ? [] : [[name, values.reduce((sum, value) => sum + value, 0)]];
    }),
  ) as Pick<StatsTotals, (typeof ADDED)[number]>;
  const uptimes = valuesOf(answered, 'uptime');
  const limits = answered.map(({ maxBytes }) => maxBytes);
  const [only] = answered.length === 1 ? answered : [];
  return {
    ...sums,
    ...(uptimes && { uptime: Math.min(...uptimes) }),
    ...(!limits.includes(undefined) && { maxBytes: limitOf(limits as ReadonlyArray<null | number>) }),
    ...(only?.fragmentation !== undefined && { fragmentation: only.fragmentation }),
    ...distinct(answered, 'software'),
    ...distinct(answered, 'version'),
    ...distinct(answered, 'role'),
    ...ratioOf(sums),
  };
}

/** For one server or several. */
export function ratioOf({ hits, misses }: Pick<ServerStats, 'hits' | 'misses'>): Pick<StatsTotals, 'hitRatio'> {
  if (hits === undefined || misses === undefined || hits + misses === 0) return {};
  return { hitRatio: hits / (hits + misses) };
}

/** Undefined unless all servers report it. */
function valuesOf(
  servers: readonly ServerStats[],
  name: 'uptime' | (typeof ADDED)[number],
): readonly number[] | undefined {
  const values = servers.map((server) => server[name]).filter((value) => value !== undefined);
  return values.length === servers.length && values.length > 0 ? values : undefined;
}

function limitOf(limits: ReadonlyArray<null | number>): null | number {
  return limits.includes(null) ? null : limits.reduce<number>((sum, limit) => sum + limit!, 0);
}

/** The distinct values, joined. */
function distinct<Name extends 'role' | 'software' | 'version'>(
  servers: readonly ServerStats[],
  name: Name,
): { readonly [Key in Name]?: string } {
  const known = new Set(servers.map((server) => server[name]).filter((value) => value !== undefined));
  return (known.size === 0 ? {} : { [name]: [...known].join(', ') }) as { readonly [Key in Name]?: string };
}
