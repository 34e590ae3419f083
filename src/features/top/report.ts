import type { EventType } from '../../stores/contract/events.js';
import type { JsonFields } from '../../terminal/json.js';
import type { EventCounts } from './counts.js';
import type { Grouping } from './groups.js';
import type { HotRow } from './hot-rows.js';
import type { Ranking } from './ranking.js';

import { printKey } from '../../stores/entries/printed-key.js';
import { bytesText, rateText, ratioText, rounded } from '../../terminal/numbers.js';
import { count } from '../../terminal/progress.js';
import { sparkline } from '../../terminal/sparkline.js';
import { type Heading, table } from '../../terminal/table.js';

/** Seconds over which a live view averages rates. */
const RATE_SECONDS = 5;

/** The totals on one line: `1,234 events in 10s (123/s), 90.1% hits of 1,000 lookups, 200 writes, 30 kB`. */
export function totalsText({ totals, seconds }: Ranking): string {
  const parts = [`${count(totals.events)} events in ${secondsText(seconds)} (${rateText(totals.events / seconds)}/s)`];
  const lookups = totals.of('CacheHit') + totals.of('CacheMissed');
  if (totals.hitRatio !== undefined) parts.push(`${ratioText(totals.hitRatio)} hits of ${count(lookups)} lookups`);
  for (const [type, word] of COUNTED) if (totals.of(type) > 0) parts.push(`${count(totals.of(type))} ${word}`);
  if (totals.bytes > 0) parts.push(bytesText(totals.bytes));
  return parts.join(', ');
}

const COUNTED: ReadonlyArray<readonly [EventType, string]> = [
  ['KeyWritten', 'writes'],
  ['KeyForgotten', 'forgotten'],
  ['KeyExpired', 'expired'],
  ['KeyEvicted', 'evicted'],
  ['LockAcquired', 'locks acquired'],
  ['LockContended', 'locks refused'],
  ['CacheFlushed', 'flushes'],
];

/** The table for a terminal, with sparklines of the last seconds. */
export function rankingTable({ rows, seconds }: Ranking, by: Grouping): string {
  if (rows.length === 0) return '';
  const most = Math.max(1, ...rows.flatMap(({ counts }) => counts.history));
  return table(
    [by.toUpperCase(), ...NUMBERS, { title: '', isOptional: true }],
    rows.map(({ name, counts, uncounted }) => [
      printKey(name),
      rateText(rateOf(counts, seconds)),
      `${count(counts.events)}${uncounted > 0 ? '+' : ''}`,
      some(counts.of('CacheHit')),
      some(counts.of('CacheMissed')),
      counts.hitRatio === undefined ? '' : ratioText(counts.hitRatio),
      some(counts.of('KeyWritten')),
      some(counts.of('KeyForgotten')),
      some(counts.of('KeyExpired')),
      some(counts.of('KeyEvicted')),
      some(counts.of('LockAcquired') + counts.of('LockContended') + counts.of('LockReleased')),
      counts.bytes === 0 ? '' : bytesText(counts.bytes),
      sparkline(counts.history, most).trimEnd(),
    ]),
  );
}

const NUMBERS: readonly Heading[] = [
  ...['PER S', 'EVENTS', 'HITS', 'MISSES', 'RATIO', 'WRITES'].map((title) => ({ title, isNumber: true })),
  ...['FORGOTTEN', 'EXPIRED', 'EVICTED', 'LOCKS'].map((title) => ({ title, isNumber: true, isMinor: true })),
  { title: 'BYTES', isNumber: true },
];

/** Lines for a pipe: name, events, hits, misses, writes, bytes, separated by tabs. */
export function rankingLines({ rows }: Ranking): string {
  return rows
    .map(({ name, counts }) => {
      const numbers = [counts.events, counts.of('CacheHit'), counts.of('CacheMissed'), counts.of('KeyWritten')];
      return `${[printKey(name), ...numbers, counts.bytes].join('\t')}\n`;
    })
    .join('');
}

/** The document of `--json`. */
export function rankingFields(ranking: Ranking, by: Grouping, source: string, leftOut: number): JsonFields {
  const { totals, rows, seconds } = ranking;
  return {
    source,
    seconds: rounded(seconds),
    leftOut,
    totals: countsFields(totals, seconds),
    by,
    rows: rows.map((row) => rowFields(row, seconds)),
  };
}

function rowFields({ name, counts, uncounted }: HotRow, seconds: number): JsonFields {
  return { name: printKey(name), ...countsFields(counts, seconds), uncounted };
}

function countsFields(counts: EventCounts, seconds: number): JsonFields {
  const { hitRatio } = counts;
  return {
    events: counts.events,
    perSecond: rounded(counts.events / seconds),
    hits: counts.of('CacheHit'),
    misses: counts.of('CacheMissed'),
    hitRatio: hitRatio === undefined ? undefined : rounded(hitRatio),
    writes: counts.of('KeyWritten'),
    forgotten: counts.of('KeyForgotten'),
    expired: counts.of('KeyExpired'),
    evicted: counts.of('KeyEvicted'),
    locksAcquired: counts.of('LockAcquired'),
    locksContended: counts.of('LockContended'),
    locksReleased: counts.of('LockReleased'),
    flushes: counts.of('CacheFlushed'),
    bytes: counts.bytes,
  };
}

/** The recent rate if known, otherwise the average since the start. */
function rateOf({ history, events }: EventCounts, seconds: number): number {
  const recent = history.slice(-RATE_SECONDS);
  return recent.length === 0 ? events / seconds : recent.reduce((sum, each) => sum + each, 0) / recent.length;
}

function secondsText(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)}s` : `${Math.round(seconds)}s`;
}

function some(number: number): string {
  return number === 0 ? '' : count(number);
}
