// Writes what works where into README.md, from what the drivers declare (and the contract suite holds them to):
// npm run build && npx tsx scripts/capability-table.ts
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { Profile } from '../src/profiles/profile.js';
import type { Capabilities, Store } from '../src/stores/contract.js';
import type { EventType } from '../src/stores/event-contract.js';
import type { TagListing } from '../src/stores/tag-contract.js';

import { eventSourcesOf } from '../src/stores/event-sources.js';
import { openStore } from '../src/stores/open.js';
import { copyExample } from '../test/support/outside.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = path.join(ROOT, 'README.md');
const START = '<!-- what works where: written by scripts/capability-table.ts -->';
const END = '<!-- end of what works where -->';

/** README.md with the table as the drivers declare it now. */
export async function readmeWithTable(readme: string): Promise<string> {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start === -1 || end < start) throw new Error('README.md has no place for the table');
  return `${readme.slice(0, start + START.length)}\n\n${await capabilityTable()}\n${readme.slice(end)}`;
}

const COMMON = { name: 'table', prefix: '', codec: 'php', protected: false } as const;
const MEMCACHED = {
  ...COMMON,
  driver: 'memcached',
  servers: [{ host: '127.0.0.1', port: 11_211, weight: 1 }],
  distribution: 'modulo',
  serializer: 'php',
  compression: 'fastlz',
} as const;

/** One for each row but the last. None of them connects. */
const PROFILES: Readonly<Record<string, Profile>> = {
  Redis: {
    ...COMMON,
    driver: 'redis',
    connectionPrefix: '',
    connection: { kind: 'server', nodes: [{ host: '127.0.0.1', port: 6379 }], database: 0 },
  },
  Memcached: MEMCACHED,
  'Memcached with SASL': { ...MEMCACHED, username: 'user', password: 'password' },
  MongoDB: {
    ...COMMON,
    driver: 'mongodb',
    url: 'mongodb://127.0.0.1/',
    database: 'app',
    collection: 'cache',
    lockCollection: 'cache_locks',
  },
  SQLite: { ...COMMON, driver: 'sqlite', path: 'cache.sqlite', table: 'cache', lockTable: 'cache_locks' },
  'array (in memory)': { ...COMMON, driver: 'array' },
};

const EVENT_WORDS: Readonly<Record<EventType, string>> = {
  CacheHit: 'hits',
  CacheMissed: 'misses',
  KeyWritten: 'writes',
  KeyForgotten: 'deletions',
  KeyExpired: 'expiries',
  KeyEvicted: 'evictions',
  LockAcquired: 'locks',
  LockContended: 'locks',
  LockReleased: 'locks',
  CacheFlushed: 'flushes',
};

const TAG_LISTINGS: Readonly<Record<TagListing, string>> = { members: 'yes', names: 'names only', none: 'no' };

const COLUMNS: Readonly<Record<string, (capabilities: Capabilities, store: Store) => string>> = {
  'reading, writing, counting': () => 'yes',
  'ttl told': ({ ttls }) => yesOrNo(ttls),
  '`flush` by prefix': ({ listing }) => (listing ? 'yes' : '`--all` only'),
  tags: ({ tags, countsTagged }) => (tags && !countsTagged ? 'yes, uncounted' : yesOrNo(tags)),
  '`tags:list`, `tags:show`': ({ tagListing }) => TAG_LISTINGS[tagListing],
  locks: ({ locks }) => yesOrNo(locks),
  '`lock:list`': listedLocks,
  'who waits for a lock': whoWaits,
  'locks kept by `flush`': keptLocks,
  'events that `events:tail` can tell': (capabilities, store) =>
    eventSourcesOf({ driver: store.driver, capabilities })
      .map(({ name, types }) => `${name}: ${[...new Set(types.map((type) => EVENT_WORDS[type]))].join(', ')}`)
      .join('; ') || 'none',
};

async function capabilityTable(): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-table-'));
  try {
    const profiles = { ...PROFILES, 'the example driver': exampleIn(folder) };
    const rows: string[][] = [['', ...Object.keys(COLUMNS)]];
    for (const [name, profile] of Object.entries(profiles)) {
      const store = await openStore(profile, { timeoutMs: 1000 });
      rows.push([name, ...Object.values(COLUMNS).map((cell) => cell(store.capabilities, store))]);
      await store.close();
    }

    return markdown(rows);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A project that has the example driver, and what was built as its package `cachectl`. */
function exampleIn(folder: string): Profile {
  copyExample(folder);
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(ROOT, path.join(folder, 'node_modules', 'cachectl'), 'dir');
  return {
    ...COMMON,
    driver: 'custom',
    module: './driver.mjs',
    moduleUrl: pathToFileURL(path.join(folder, 'driver.mjs')).href,
    options: { folder },
  };
}

function listedLocks({ lockListing, locksToldFromEntries }: Capabilities): string {
  if (!lockListing) return 'no';
  return locksToldFromEntries === 'apart' ? 'all' : 'those that can be told';
}

function whoWaits({ lockWaiters }: Capabilities, { watchLocks }: Store): string {
  if (watchLocks) return 'everybody, while watched';
  return lockWaiters ? 'those of cachectl' : '-';
}

function keptLocks({ locks, listing, locksToldFromEntries }: Capabilities): string {
  if (!locks || !listing) return '-';
  return locksToldFromEntries === 'apart' ? 'all' : 'those that can be told';
}

function yesOrNo(can: boolean): string {
  return can ? 'yes' : 'no';
}

/** As Prettier sets it. */
function markdown([head = [], ...rows]: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + rows.map((row) => line(row)).join('');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync(README, await readmeWithTable(readFileSync(README, 'utf8')));
}
