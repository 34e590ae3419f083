import type { Sample, ServerStats, StatsDetail, StoreStats } from '../../stores/contract/stats.js';
import type { Store } from '../../stores/contract/store.js';
import type { Column } from '../../terminal/list.js';

import { errorFields, toFailure } from '../../runtime/report-error.js';
import { formatDuration } from '../../terminal/durations.js';
import { itemFields, listTable } from '../../terminal/list.js';
import { bytesText, rateText, ratioText, rounded } from '../../terminal/numbers.js';
import { count } from '../../terminal/progress.js';
import { type Field, reportText } from '../../terminal/report.js';
import { sampleFields } from './sample-report.js';
import { ratioOf, type StatsTotals, totalsOf } from './totals.js';

/** The report of `stats`. A figure that the store does not report is left out; `maxBytes` is null without a limit. */
export function statsFields(store: Store, { servers, underPrefix, notes }: StoreStats, sample?: Sample): Field[] {
  const [only] = servers.length === 1 ? servers : [];
  const totals = totalsOf(servers);
  return [
    { name: 'driver', value: store.driver, label: 'driver' },
    { name: 'location', value: store.location, label: 'location' },
    { name: 'prefix', value: store.prefix, label: 'prefix' },
    {
      name: 'underPrefix',
      value: underPrefix,
      label: 'under prefix',
      text: underPrefix === undefined ? undefined : count(underPrefix),
    },
    ...itemFields(totals, factColumns),
    ...(totals.hits === undefined ? [unreportedHits(store, totals)] : []),
    // The details of a single server, at a terminal only. In JSON they are among the server's fields.
    ...detailFields(only?.details).map(({ value: _, ...shown }) => ({ ...shown, plain: [] })),
    { name: 'servers', members: servers.map((server) => serverFields(server)) },
    // In JSON only; otherwise they go to standard error.
    { name: 'notes', value: [...notes], plain: [] },
    { name: 'sample', members: sample && sampleFields(sample) },
  ];
}

/** For a terminal only. Without it, people look for the hits. */
function unreportedHits({ driver }: Store, { software = driver }: StatsTotals): Field {
  return { name: 'hits', label: 'hits, misses', text: `not reported by ${software}`, plain: [] };
}

/** The report for a terminal: a line per figure and, with several servers, a row per server. */
export async function statsText(store: Store, stats: StoreStats): Promise<string> {
  const { servers } = stats;
  const text = reportText(statsFields(store, stats));
  return servers.length > 1 ? `${text}\n${await listTable(servers, serverColumns)}` : text;
}

function serverFields(server: ServerStats): Field[] {
  const { name, details, failure } = server;
  const known: Field = { name: 'name', value: name };
  if (failure) {
    const error = Object.entries(errorFields(toFailure(failure))).map(([of, value]) => ({ name: of, value }));
    return [known, { name: 'error', members: error }];
  }

  const facts = itemFields({ ...server, ...ratioOf(server) }, factColumns);
  return [known, ...facts, { name: 'details', members: detailFields(details) }];
}

/** Figures of one kind of store. */
function detailFields(details: ServerStats['details'] = {}): Field[] {
  return Object.entries(details).map(([name, detail]) => ({
    name,
    value: detail.value,
    label: labelOf(name),
    text: detailText(detail),
  }));
}

/** A column for a figure. */
function fact<Name extends keyof StatsTotals>(
  name: Name,
  text: (value: NonNullable<StatsTotals[Name]>) => string,
): Column<StatsTotals> {
  return {
    name,
    value: (facts) => facts[name],
    title: labelOf(name).toUpperCase(),
    text: (facts) => (facts[name] === undefined || facts[name] === null ? '' : text(facts[name])),
    isNumber: name !== 'role' && name !== 'software' && name !== 'version',
  };
}

/** The columns for one server and for the totals. */
const factColumns: ReadonlyArray<Column<StatsTotals>> = [
  fact('entries', count),
  fact('bytes', bytesText),
  {
    ...fact('maxBytes', bytesText),
    plain: ({ maxBytes }) => (maxBytes === null ? 'unlimited' : String(maxBytes ?? '')),
    text({ bytes = 0, maxBytes }) {
      if (maxBytes === undefined) return '';
      return maxBytes === null ? 'unlimited' : `${bytesText(maxBytes)}, ${ratioText(bytes / maxBytes)} used`;
    },
  },
  fact('hits', count),
  fact('misses', count),
  { ...fact('hitRatio', ratioText), value: ({ hitRatio }) => hitRatio && rounded(hitRatio) },
  fact('evictions', count),
  fact('expired', count),
  fact('memory', bytesText),
  {
    ...fact('fragmentation', (ratio) => ratio.toFixed(2)),
    value: ({ fragmentation }) => fragmentation && rounded(fragmentation),
  },
  fact('clients', count),
  fact('commands', count),
  fact('commandsPerSecond', rateText),
  fact('software', String),
  fact('version', String),
  fact('uptime', formatDuration),
  fact('role', String),
  fact('replicas', count),
];

const IN_TABLE = new Set(['entries', 'bytes', 'hitRatio', 'evictions', 'memory', 'clients', 'uptime']);

/** The columns of the table of servers. */
const serverColumns: ReadonlyArray<Column<ServerStats>> = [
  { name: 'name', value: ({ name }) => name, title: 'SERVER' },
  ...factColumns
    .filter(({ name }) => IN_TABLE.has(name))
    .map((column) => ({ ...column, text: (server: ServerStats) => column.text!({ ...server, ...ratioOf(server) }) })),
  {
    name: 'role',
    value: ({ role }) => role,
    title: 'ROLE',
    text: ({ role, failure }) => (failure ? 'not reached' : (role ?? '')),
  },
];

/** `hitRatio` as `hit ratio`. */
function labelOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function detailText({ value, unit }: StatsDetail): string {
  if (typeof value !== 'number') return String(value);
  if (unit === 'bytes') return bytesText(value);
  return unit === 'seconds' ? formatDuration(value) : count(value);
}
