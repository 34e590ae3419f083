import type { ServerStats, StoreStats } from '../../stores/contract/stats.js';
import type { Store } from '../../stores/contract/store.js';
import type { JsonFields } from '../../terminal/json.js';

import { errorFields, toFailure } from '../../runtime/report-error.js';
import { rounded } from '../../terminal/numbers.js';
import { ratioOf, type StatsTotals, totalsOf } from './totals.js';

/** The document of `stats --json`. What is not told is null; `maxBytes` without a limit is «unlimited». */
export function statsFields(store: Store, { servers, underPrefix, notes }: StoreStats): JsonFields {
  return {
    driver: store.driver,
    location: store.location,
    prefix: store.prefix,
    underPrefix: underPrefix ?? null,
    ...factsFields(totalsOf(servers)),
    servers: servers.map((server) => serverFields(server)),
    notes: [...notes],
  };
}

function serverFields(server: ServerStats): JsonFields {
  const { name, details = {}, failure } = server;
  if (failure) return { name, error: errorFields(toFailure(failure)) };
  return {
    name,
    ...factsFields({ ...server, ...ratioOf(server) }),
    details: Object.fromEntries(Object.entries(details).map(([detail, { value }]) => [detail, value])),
  };
}

/** The same names of one server and of all together, in this order. */
export function factsFields(facts: StatsTotals): Readonly<Record<string, null | number | string>> {
  const { fragmentation, hitRatio, maxBytes } = facts;
  return {
    entries: facts.entries ?? null,
    bytes: facts.bytes ?? null,
    maxBytes: maxBytes === null ? 'unlimited' : (maxBytes ?? null),
    hits: facts.hits ?? null,
    misses: facts.misses ?? null,
    hitRatio: hitRatio === undefined ? null : rounded(hitRatio),
    evictions: facts.evictions ?? null,
    expired: facts.expired ?? null,
    memory: facts.memory ?? null,
    fragmentation: fragmentation === undefined ? null : rounded(fragmentation),
    clients: facts.clients ?? null,
    commands: facts.commands ?? null,
    commandsPerSecond: facts.commandsPerSecond ?? null,
    software: facts.software ?? null,
    version: facts.version ?? null,
    uptime: facts.uptime ?? null,
    role: facts.role ?? null,
    replicas: facts.replicas ?? null,
  };
}
