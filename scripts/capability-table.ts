// Write the table of stores in README.md from the capabilities of the drivers, which the contract suite checks: npm
// run build && npx tsx scripts/capability-table.ts
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Profile } from '../src/profiles/profile.js';
import type { Store } from '../src/stores/contract/store.js';

import { openStore } from '../src/stores/open.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = path.join(ROOT, 'README.md');
const START = '<!-- what works where: written by scripts/capability-table.ts -->';
const END = '<!-- end of what works where -->';

/** README.md with the current table. */
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

const SQL = { ...COMMON, table: 'cache', lockTable: 'cache_locks' } as const;

/** A profile for each column. None of them connects. */
const PROFILES: Readonly<Record<string, Profile>> = {
  Redis: {
    ...COMMON,
    driver: 'redis',
    connectionPrefix: '',
    connection: { kind: 'server', nodes: [{ host: '127.0.0.1', port: 6379 }], database: 0 },
  },
  Memcached: MEMCACHED,
  MongoDB: {
    ...COMMON,
    driver: 'mongodb',
    url: 'mongodb://127.0.0.1/',
    database: 'app',
    collection: 'cache',
    lockCollection: 'cache_locks',
  },
  SQLite: { ...COMMON, driver: 'sqlite', path: 'cache.sqlite', table: 'cache', lockTable: 'cache_locks' },
  MySQL: { ...SQL, driver: 'mysql', connection: { host: '127.0.0.1', port: 3306, database: 'app' } },
  PostgreSQL: { ...SQL, driver: 'postgres', connection: { host: '127.0.0.1', port: 5432, database: 'app' } },
  File: { ...COMMON, driver: 'file', path: 'data', lockPrefix: 'file-store-lock:' },
};

/** The rows. */
const ROWS: Readonly<Record<string, (store: Store) => Promise<string> | string>> = {
  'read, write, count': () => 'yes',
  TTLs: ({ traits }) => yesOrNo(traits.ttls),
  '`keys`, `flush` by prefix': (store) => yesOrNo(store.supports('keys')),
  tags: (store) =>
    store.supports('tags') && !store.traits.countsTagged ? 'yes, uncounted' : yesOrNo(store.supports('tags')),
  '`tags:list`, `tags:show`': listedTags,
  locks: (store) => yesOrNo(store.supports('lock')),
  '`lock:list`': listedLocks,
  'waiters for a lock': whoWaits,
  'events, by source': ({ eventSources }) => eventSources.map(({ name }) => name).join(', ') || 'none',
};

async function capabilityTable(): Promise<string> {
  const rows: string[][] = [['', ...Object.keys(PROFILES)], ...Object.keys(ROWS).map((name) => [name])];
  for (const profile of Object.values(PROFILES)) {
    const store = await openStore(profile, { timeoutMs: 1000 });
    for (const [index, cell] of Object.values(ROWS).entries()) rows[index + 1]!.push(await cell(store));
    await store.close();
  }

  return markdown(rows);
}

async function listedTags(store: Store): Promise<string> {
  const index = await store.tagIndex?.();
  if (index === undefined) return 'no';
  return index.members === undefined ? 'names only' : 'yes';
}

function listedLocks({ locks, traits }: Store): string {
  if (locks === undefined) return 'no';
  return traits.lockStorage === 'separate' ? 'all' : 'recognized ones';
}

function whoWaits(store: Store): string {
  if (store.watchLocks) return 'all, while watched';
  return store.lock('x').waiters ? "cachectl's" : 'no';
}

function yesOrNo(can: boolean): string {
  return can ? 'yes' : 'no';
}

/** Formatted like Prettier. */
function markdown([head = [], ...rows]: readonly string[][]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + rows.map((row) => line(row)).join('');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  writeFileSync(README, await readmeWithTable(readFileSync(README, 'utf8')));
}
