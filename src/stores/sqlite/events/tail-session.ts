import { statSync } from 'node:fs';

import type { CacheEvent } from '../../contract/events.js';
import type { SqliteContext } from '../context.js';

import { PartialError } from '../../../errors.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { now } from '../../sql/expiry.js';
import { Connection } from '../connection.js';
import { Tables } from '../tables.js';
import { type ExpiredRow, Expiries } from './expiries.js';
import { type Selection, TailStory } from './tail-decoder.js';
import {
  attach,
  changesAfter,
  createTail,
  deafnessOf,
  detach,
  dropTail,
  LEASE_S,
  newTailId,
  removeChanges,
  renewLease,
} from './tail-tables.js';
import { isNoted, type TailedRole } from './tail-triggers.js';

/** How long one look may block this process while another writes; the next look comes soon. */
const LOOK_MS = 100;

/** Rows of one look, so that memory is bounded; the rest waits in the file. */
const ROWS = 1000;

/**
 * Changes that are told and still stand in the file. Removing them is a write, and an application that reads before it
 * writes in one transaction, as Laravel does when it counts, is told by SQLite that the file is locked when there is a
 * write in between. So it is done seldom.
 */
const MOST_TOLD = 4000;

const RENEW_MS = (LEASE_S * 1000) / 6;

/** What one look found. */
export interface Seen {
  readonly events: readonly CacheEvent[];
  /** More of it is likely to wait in the file. */
  readonly isMore: boolean;
}

/**
 * One stay in the file: triggers, and looks at what they noted, on a connection of its own, since SQLite's `data_version`
 * does not count a connection's own changes. Synchronous, as SQLite is.
 */
export class TailSession {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #tables: Tables;
  readonly #selection: Selection;
  /** The prefix of what is noted. */
  readonly #noted: string;
  readonly #story: TailStory;
  readonly #id = newTailId();
  readonly #file: string | undefined;
  readonly #triggers = new Map<TailedRole, number>();
  readonly #expiries = new Map<TailedRole, Expiries>();
  #seesTags = false;
  #isFileGone = false;
  /** The last change that was told, and the last one that is removed: their `seq`. */
  #told = 0;
  #removed = 0;
  /** The version of the file at which all was known. */
  #version: number | undefined;
  /** On the clock of `performance`. */
  #nextRenewal = performance.now() + RENEW_MS;

  /** Makes file and cache table when there are none, since triggers need a table. */
  static begin(context: SqliteContext, selection: Selection): TailSession {
    return new TailSession(context, selection, (tables) => tables.create('cache'));
  }

  /**
   * Makes neither, for the application is about to.
   * @throws PartialError when they are not there yet
   * @throws TimeoutError when another process is writing
   */
  static resume(context: SqliteContext, selection: Selection): TailSession {
    const { path } = context.profile;
    if (fileId(path) === undefined) throw interrupted(path, 'the file was removed');
    return new TailSession({ ...context, timeoutMs: LOOK_MS }, selection, (tables) => {
      if (!tables.has('cache')) throw interrupted(path, 'its cache table was dropped');
    });
  }

  private constructor(
    { profile, prefix, timeoutMs }: SqliteContext,
    selection: Selection,
    prepare: (tables: Tables) => void,
  ) {
    this.#path = profile.path;
    this.#connection = new Connection(profile.path, timeoutMs);
    this.#tables = new Tables(this.#connection, profile);
    this.#selection = selection;
    this.#noted = selection.everything === true ? '' : prefix;
    this.#story = new TailStory(prefix, selection, {
      expiries: (role) => this.#expiries.get(role),
      tagsOf: (key) => this.#tagsOf(key),
    });
    try {
      this.#connection.write(() => {
        prepare(this.#tables);
        createTail(this.#connection, this.#id);
        this.#seesTags = this.#tellsTags();
        this.#attach('cache');
        if (this.#tables.has('locks')) this.#attach('locks');
      });
      this.#file = fileId(this.#path);
      this.#connection.waitForLocks(LOOK_MS);
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  /**
   * What happened since the last look.
   * @throws TimeoutError when another process is writing: nothing is lost by that
   * @throws PartialError when something may have happened unnoted
   */
  look(): Seen {
    this.#checkFile();
    this.#renew();
    if (this.#told - this.#removed > MOST_TOLD) this.#connection.write(() => this.#remove());
    const version = this.#connection.dataVersion();
    const areDue = [...this.#expiries.values()].some((expiries) => expiries.areDue());
    if (version === this.#version && !areDue) return { events: [], isMore: false };
    const seen = this.#connection.read(() => {
      this.#checkHearing();
      return this.#needsUpkeep() ? undefined : this.#changes();
    });
    const { events, isMore } = seen?.reached() ?? this.#keepUp();
    if (!isMore) this.#version = version;
    return { events, isMore };
  }

  /**
   * Takes everything out of the file, and gives what was noted up to then. Only once.
   * @param milliseconds it may wait for other writers
   * @throws TimeoutError when these took longer: then it is all still there
   */
  end(milliseconds: number): readonly CacheEvent[] {
    const events = this.#isFileGone ? [] : this.#leave(milliseconds);
    this.close();
    return events;
  }

  /** Leaves in the file what is there. */
  close(): void {
    this.#connection.close();
  }

  #leave(milliseconds: number): readonly CacheEvent[] {
    this.#connection.waitForLocks(milliseconds);
    return this.#connection.write(() => {
      this.#seesTags &&= this.#tellsTags();
      const last: CacheEvent[] = [];
      for (let isMore = true; isMore;) {
        const changes = changesAfter(this.#connection, this.#id, this.#told, ROWS);
        for (const change of changes) last.push(...this.#story.ofChange(change));
        this.#told = changes.at(-1)?.seq ?? this.#told;
        isMore = changes.length === ROWS;
      }

      dropTail(this.#connection, this.#id);
      return last;
    });
  }

  /** What happened to tables meanwhile, and what was noted. */
  #keepUp(): Seen {
    const { caughtUp, seen } = this.#connection.write(() => {
      this.#checkHearing();
      return { caughtUp: this.#upkeep(), seen: this.#changes() };
    });
    const { events, isMore } = seen.reached();
    return { events: [...caughtUp, ...events], isMore };
  }

  /** Only within `read` or `write`; `reached` is to be called when that is done, since what was found is told then. */
  #changes(): { reached(): Seen } {
    const changes = changesAfter(this.#connection, this.#id, this.#told, ROWS);
    const events = changes.flatMap((change) => this.#story.ofChange(change));
    const isFull = changes.length === ROWS;
    // Only when all changes up to now are known can a row be said to have expired untouched.
    const untouched = isFull ? undefined : this.#search();
    return {
      reached: () => {
        this.#told = changes.at(-1)?.seq ?? this.#told;
        const rest = untouched?.reached();
        return { events: [...events, ...(rest?.events ?? [])], isMore: isFull || rest?.isMore === true };
      },
    };
  }

  /** Only within `write`. */
  #remove(): void {
    removeChanges(this.#connection, this.#id, this.#told);
    this.#removed = this.#told;
  }

  /** Only within `read` or `write`; `reached` is to be called when that is done, since what was found is told then. */
  #search(): { reached(): Seen } {
    const found = [...this.#expiries].map(([role, expiries]) => ({ role, expiries, ...expiries.search(ROWS) }));
    const events = found.flatMap(({ role, rows }) => rows.flatMap((row) => this.#story.ofExpired(role, row)));
    return {
      reached() {
        for (const { expiries, upTo } of found) expiries.reached(upTo);
        return { events, isMore: found.some(({ rows }) => rows.length === ROWS) };
      },
    };
  }

  #attach(role: TailedRole): void {
    const tagsTable = this.#seesTags ? this.#tables.tags : undefined;
    const tailed = { role, table: this.#tables[role], prefix: this.#noted, tagsTable };
    this.#triggers.set(role, attach(this.#connection, this.#id, tailed));
    if (this.#expiries.has(role)) return;
    this.#expiries.set(role, new Expiries(this.#connection, this.#tables, role, this.#noted));
  }

  /** Tables that are not there are not made, save for the one without which there is no cache. */
  #needsUpkeep(): boolean {
    return this.#seesTags !== this.#tellsTags() || (!this.#triggers.has('locks') && this.#tables.has('locks'));
  }

  /** What happened to tables meanwhile. Only within `write`. */
  #upkeep(): readonly CacheEvent[] {
    if (this.#seesTags !== this.#tellsTags()) {
      this.#seesTags = this.#tellsTags();
      detach(this.#connection, this.#id, 'cache');
      this.#attach('cache');
    }

    if (this.#triggers.has('locks') || !this.#tables.has('locks')) return [];
    this.#attach('locks');
    const time = Date.now();
    return this.#newLocks().flatMap((row) => this.#story.ofNewLock(row, time));
  }

  /** Those of a table that was made since the last look; whoever finds more of them there has moved a table. */
  #newLocks(): readonly ExpiredRow[] {
    return this.#connection
      .statement<ExpiredRow>(
        `SELECT CAST(key AS BLOB) AS key, expiration, rowid AS row FROM ${this.#tables.locks}
         WHERE ${isNoted(this.#noted, 'key')} AND expiration > ? LIMIT ${ROWS}`,
      )
      .all(now());
  }

  #tellsTags(): boolean {
    return this.#selection.tags === true && this.#tables.has('tags');
  }

  #tagsOf(key: Buffer): readonly string[] {
    if (!this.#seesTags) return [];
    return this.#connection
      .statement<{ tag: Buffer }>(
        `SELECT CAST(tag AS BLOB) AS tag FROM ${this.#tables.tags} AS tags WHERE key = CAST(? AS TEXT) ORDER BY tags.tag`,
      )
      .all(key)
      .map(({ tag }) => keyFromBytes(tag));
  }

  #checkHearing(): void {
    const triggers = [...this.#triggers.values()].reduce((sum, number) => sum + number, 0);
    const why = deafnessOf(this.#connection, this.#id, triggers);
    if (why !== undefined) throw interrupted(this.#path, why);
  }

  #checkFile(): void {
    this.#isFileGone = this.#connection.run(() => fileId(this.#path)) !== this.#file;
    if (this.#isFileGone) throw interrupted(this.#path, 'the file was removed or replaced');
  }

  #renew(): void {
    if (performance.now() < this.#nextRenewal) return;
    this.#connection.write(() => {
      renewLease(this.#connection, this.#id);
      if (this.#told > this.#removed) this.#remove();
    });
    this.#nextRenewal = performance.now() + RENEW_MS;
  }
}

function interrupted(path: string, why: string): PartialError {
  return new PartialError(`the tail of ${path} was interrupted: ${why}`, 'Start it again.');
}

/** Another one when another file lies there; undefined when none does. */
function fileId(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
