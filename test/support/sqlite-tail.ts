import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { SqliteProfile } from '../../src/profiles/profile.js';
import type { CacheEvent, EventsOptions, EventStream } from '../../src/stores/contract/events.js';
import type { Store } from '../../src/stores/contract/store.js';

import { openCodec } from '../../src/codecs/open.js';
import { openSqlite } from '../../src/stores/sqlite/store.js';
import { Database } from './database.js';

/** Its tables are those of Laravel's migration. */
const FIXTURE = fileURLToPath(new URL('../fixtures/laravel12.sqlite', import.meta.url));

const PREFIX = 'app-';

/** A tailed file and its other users. */
export class TailedFile {
  readonly path: string;
  /** Another program: the application or the sqlite3 shell. */
  readonly shell: Database;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'cachectl-events-'));
  readonly #ends: AbortController[] = [];
  readonly #stores: Store[] = [];

  /** Laravel's tables, empty. */
  constructor(journal: 'delete' | 'wal') {
    this.path = path.join(this.#folder, 'cache.sqlite');
    copyFileSync(FIXTURE, this.path);
    this.shell = new Database(this.path);
    this.shell.pragma(`journal_mode = ${journal}`);
    this.shell.exec('DELETE FROM cache; DELETE FROM cache_locks');
  }

  get profile(): SqliteProfile {
    const tables = { table: 'cache', lockTable: 'cache_locks' };
    return {
      driver: 'sqlite',
      name: 'test',
      prefix: PREFIX,
      codec: 'php',
      protected: false,
      path: this.path,
      ...tables,
    };
  }

  open(): Store {
    const store = openSqlite(this.profile, openCodec('php'), { timeoutMs: 5000 });
    this.#stores.push(store);
    return store;
  }

  async tail(options: Partial<EventsOptions> = {}): Promise<{ stream: EventStream; end(): void }> {
    const controller = new AbortController();
    this.#ends.push(controller);
    const stream = await this.open().events({ signal: controller.signal, enable: false, ...options });
    return { stream, end: () => controller.abort() };
  }

  put(key: string, { ttl = 60, prefix = PREFIX }: { readonly ttl?: number; readonly prefix?: string } = {}): void {
    this.shell
      .prepare('INSERT OR REPLACE INTO cache VALUES (?, ?, unixepoch() + ?)')
      .run(`${prefix}${key}`, 'i:1;', ttl);
  }

  /** The schema as SQLite reports it. */
  schema(): unknown[] {
    return this.shell.prepare('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name').all();
  }

  async close(): Promise<void> {
    for (const end of this.#ends) end.abort();
    await Promise.all(this.#stores.map((store) => store.close()));
    this.shell.close();
    rmSync(this.#folder, { recursive: true });
  }
}

/** All events up to the write of `end`. */
export async function eventsBeforeEnd(stream: EventStream): Promise<CacheEvent[]> {
  const events: CacheEvent[] = [];
  for await (const event of stream) {
    if (event.key === 'end') break;
    events.push(event);
  }

  return events;
}

/** As `type key`. */
export function lines(events: readonly CacheEvent[]): string[] {
  return events.map(({ type, key }) => `${type} ${key}`);
}
