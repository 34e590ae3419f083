import type { ServerStats, StatsDetail, StoreStats } from '../../stores/contract/stats.js';
import type { Store } from '../../stores/contract/store.js';

import { formatDuration } from '../../terminal/durations.js';
import { bytesText, rateText, ratioText } from '../../terminal/numbers.js';
import { count } from '../../terminal/progress.js';
import { styleAnswer } from '../../terminal/style.js';
import { compactTable } from '../../terminal/table.js';
import { forTerminal, lineField } from '../../terminal/value-text.js';
import { factsFields } from './fields.js';
import { ratioOf, type StatsTotals, totalsOf } from './totals.js';

/** For a person: what is told, in words, and a row for each server where there are several. */
export function statsText(store: Store, { servers, underPrefix }: StoreStats): string {
  const totals = totalsOf(servers);
  const asked = servers.filter(({ failure }) => failure === undefined);
  const rows = [
    ['store', store.location],
    ['server', softwareText(totals)],
    ['entries', entriesText(store, totals, underPrefix)],
    ['bytes', ofText(totals)],
    ['hit ratio', hitsText(totals)],
    ['evictions', countText(totals.evictions)],
    ['expired', countText(totals.expired)],
    ['memory', memoryText(totals)],
    ['clients', countText(totals.clients)],
    ['commands', commandsText(totals)],
    ['role', roleText(totals)],
    ...Object.values(asked.length === 1 ? (asked[0]!.details ?? {}) : {}).map((detail) => [
      detail.label,
      detailText(detail),
    ]),
  ].filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '');
  const width = 2 + Math.max(...rows.map(([label]) => label.length));
  const text = rows.map(([label, value]) => `${styleAnswer('dim', label.padEnd(width))}${shown(value)}\n`).join('');
  return servers.length > 1 ? `${text}\n${serversTable(servers)}` : text;
}

/** For a pipe: a name and a plain number between tabs, as in the JSON; of several servers the name of each behind them. */
export function statsLines({ servers, underPrefix }: StoreStats): string {
  const lines = [
    ...(underPrefix === undefined ? [] : [['underPrefix', String(underPrefix)]]),
    ...factLines(totalsOf(servers)),
  ];
  const each = servers.length > 1 ? servers.flatMap((server) => serverLines(server)) : detailLines(servers[0]!);
  return [...lines, ...each].map((fields) => `${fields.map((field) => lineField(field)).join('\t')}\n`).join('');
}

function serverLines(server: ServerStats): string[][] {
  const facts = { ...server, ...ratioOf(server) };
  return [...factLines(facts), ...detailLines(server)].map((fields) => [...fields, server.name]);
}

function factLines(facts: StatsTotals): string[][] {
  return Object.entries(factsFields(facts)).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]]));
}

function detailLines({ details = {} }: ServerStats): string[][] {
  return Object.entries(details).map(([name, { value }]) => [name, String(value)]);
}

function serversTable(servers: readonly ServerStats[]): string {
  return compactTable(
    [
      'SERVER',
      'ENTRIES',
      'BYTES',
      'LIMIT',
      'RATIO',
      'EVICTIONS',
      'MEMORY',
      'CLIENTS',
      'PER S',
      'UP',
      'ROLE',
      'VERSION',
    ],
    servers.map((server) => {
      const { hitRatio } = ratioOf(server);
      return [
        server.name,
        countText(server.entries) ?? '',
        server.bytes === undefined ? '' : bytesText(server.bytes),
        limitText(server.maxBytes) ?? '',
        hitRatio === undefined ? '' : ratioText(hitRatio),
        countText(server.evictions) ?? '',
        server.memory === undefined ? '' : bytesText(server.memory),
        countText(server.clients) ?? '',
        server.commandsPerSecond === undefined ? '' : rateText(server.commandsPerSecond),
        server.uptime === undefined ? '' : formatDuration(server.uptime),
        server.failure ? 'not reached' : (server.role ?? ''),
        server.version ?? '',
      ];
    }),
  );
}

function softwareText({ software, version, uptime }: StatsTotals): string | undefined {
  const parts = [
    [software, version].filter(Boolean).join(' '),
    uptime === undefined ? '' : `up for ${formatDuration(uptime)}`,
  ];
  return parts.filter(Boolean).join(', ');
}

function entriesText({ prefix }: Store, { entries }: StatsTotals, underPrefix: number | undefined): string | undefined {
  const parts = [
    entries === undefined ? '' : `${count(entries)} in all`,
    underPrefix === undefined || prefix === '' ? '' : `${count(underPrefix)} under ${prefix}`,
  ];
  return parts.filter(Boolean).join(', ');
}

function ofText({ bytes, maxBytes }: StatsTotals): string | undefined {
  if (bytes === undefined) return undefined;
  if (maxBytes === undefined) return bytesText(bytes);
  if (maxBytes === null) return `${bytesText(bytes)}, without a limit`;
  return `${bytesText(bytes)} of ${bytesText(maxBytes)} (${ratioText(bytes / maxBytes)})`;
}

function limitText(maxBytes: null | number | undefined): string | undefined {
  if (maxBytes === undefined) return undefined;
  return maxBytes === null ? 'none' : bytesText(maxBytes);
}

function hitsText({ hits, misses, hitRatio }: StatsTotals): string | undefined {
  if (hits === undefined || misses === undefined) return undefined;
  if (hitRatio === undefined) return 'no lookups yet';
  return `${ratioText(hitRatio)} (${count(hits)} hits, ${count(misses)} misses)`;
}

function memoryText({ memory, fragmentation }: StatsTotals): string | undefined {
  if (memory === undefined) return undefined;
  return fragmentation === undefined
    ? bytesText(memory)
    : `${bytesText(memory)}, fragmentation ${fragmentation.toFixed(2)}`;
}

/** Of late where the server tells, else on the average since it was started. */
function commandsText({ commands, commandsPerSecond, uptime }: StatsTotals): string | undefined {
  const parts = [
    commandsPerSecond === undefined ? '' : `${rateText(commandsPerSecond)}/s`,
    commands === undefined ? '' : `${count(commands)} in all`,
    commandsPerSecond === undefined && commands !== undefined && uptime
      ? `${rateText(commands / uptime)}/s on average`
      : '',
  ];
  return parts.filter(Boolean).join(', ');
}

function roleText({ role, replicas }: StatsTotals): string | undefined {
  const copies = replicas === undefined ? '' : `${count(replicas)} ${replicas === 1 ? 'replica' : 'replicas'}`;
  return [role, copies].filter(Boolean).join(', ');
}

function countText(number: number | undefined): string | undefined {
  return number === undefined ? undefined : count(number);
}

function detailText({ value, unit }: StatsDetail): string {
  if (typeof value !== 'number') return String(value);
  if (unit === 'bytes') return bytesText(value);
  return unit === 'seconds' ? formatDuration(value) : count(value);
}

/** Names come from outside. */
function shown(text: string): string {
  return forTerminal(Buffer.from(lineField(text)));
}
