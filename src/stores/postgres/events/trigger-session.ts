import { randomInt } from 'node:crypto';

import type { SqlConnection } from '../../../profiles/profile.js';
import type { CacheEvent, EventsOptions } from '../../contract/events.js';
import type { Session } from '../../events/resuming-tail.js';
import type { Connection } from '../../sql/connection.js';
import type { SqlContext } from '../../sql/context.js';
import type { TailedRole } from '../../sql/events/row-events.js';
import type { Answer, Row } from '../../sql/session.js';
import type { PostgresSession } from '../session.js';

import { deferred, pause, withTimeout } from '../../../async.js';
import { type CachectlError, PartialError, RefusedError, TimeoutError, UnansweredError } from '../../../errors.js';
import { keyToBytes } from '../../entries/key-text.js';
import { noAnswer } from '../../network/errors.js';
import { raw, type Sql, sql, TRUE } from '../../sql/statement.js';
import { textBytes } from '../../sql/text.js';
import { connectPostgres } from '../session.js';
import { LOCK_TIMEOUT_MS } from './lapsed-tails.js';
import { ChangeDecoder } from './notified-change.js';
import { RowExpiries } from './row-expiries.js';
import { TailDecoder } from './tail-decoder.js';
import {
  countTriggers,
  createFunction,
  createTriggers,
  dropTail,
  tailName,
  takeLock,
  TRIGGERS_OF_TABLE,
} from './tail-triggers.js';

/** Expired rows per statement. */
const ROWS = 1000;

/** The interval of the search for expired rows, in milliseconds. */
const SEARCH_MS = 1000;

/** Without an index on the expiry, a search reads the whole table. Searching takes at most this share of the time. */
const SHARE = 1 / 20;

/** Payloads of cachectl itself. They confirm that everything before them has arrived. */
const MARK = 'mark ';

/** Where a session works, and on what. */
export interface TriggerPlace {
  readonly context: SqlContext;
  readonly connection: Connection;
  readonly server: SqlConnection;
  readonly roles: readonly TailedRole[];
  readonly options: EventsOptions;
  report(events: readonly CacheEvent[]): void;
}

/** The triggers of one tail in one database, on a connection of its own. */
export class TriggerSession implements Session {
  readonly #place: TriggerPlace;
  readonly #session: PostgresSession;
  readonly #id = randomInt(1, 2 ** 31);
  /** Of the keys to report. */
  readonly #prefix: Buffer;
  readonly #changes = new ChangeDecoder();
  readonly #expiries = new Map<TailedRole, RowExpiries>();
  readonly #decoder: TailDecoder;
  readonly #marks = new Map<string, () => void>();
  readonly #lost = new AbortController();
  #heardAt = new Date();
  #nextMark = 0;

  /** @throws CachectlError; then nothing is left behind */
  static async open(place: TriggerPlace): Promise<TriggerSession> {
    const { connection, server } = place;
    const opened = await connectPostgres(server, connection.timeoutMs, connection.server.tunnel).catch(
      (error: unknown) => {
        throw connection.server.translated(error);
      },
    );
    const session = new TriggerSession(place, opened);
    try {
      await session.#begin();
      return session;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  private constructor(place: TriggerPlace, session: PostgresSession) {
    const { context, options } = place;
    this.#place = place;
    this.#session = session;
    this.#prefix = keyToBytes(options.everything === true ? '' : context.prefix);
    this.#decoder = new TailDecoder(context.prefix, options, this.#expiries);
    session.onNotification((payload) => this.#heard(payload));
    session.onLost(() => this.#lost.abort());
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async run(signal: AbortSignal): Promise<CachectlError | undefined> {
    const ended = AbortSignal.any([signal, this.#lost.signal]);
    let isLost = false;
    try {
      for (let pauseMs = SEARCH_MS; !signal.aborted;) {
        await pause(pauseMs, ended);
        if (signal.aborted) break;
        const begun = performance.now();
        await this.#search();
        pauseMs = Math.max(SEARCH_MS, (performance.now() - begun) / SHARE);
      }
    } catch (error) {
      isLost = !this.#session.isUsable;
      if (!signal.aborted || !isLost) throw error;
      return error as CachectlError;
    } finally {
      await this.#end(isLost);
    }

    return undefined;
  }

  async #begin(): Promise<void> {
    const name = tailName(this.#id);
    await this.#ask(raw(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`));
    await this.#ask(takeLock(this.#id));
    await this.#ask(raw(`LISTEN ${name}`));
    await this.#confirm();
    await this.#transaction(async () => {
      await this.#ask(createFunction(this.#id));
      for (const role of this.#place.roles) if (role === 'cache' || (await this.#has(role))) await this.#attach(role);
    });
  }

  async #attach(role: TailedRole): Promise<void> {
    const table = this.#place.context.tables[role];
    for (const statement of createTriggers(this.#id, { role, table, prefix: this.#prefix })) await this.#ask(statement);
    const { rows } = await this.#ask<{ at: number }>(sql`SELECT ${this.#place.context.dialect.now} AS at`);
    this.#expiries.set(role, new RowExpiries(rows[0]!.at));
  }

  async #has(role: TailedRole): Promise<boolean> {
    const { dialect, tables } = this.#place.context;
    return (await this.#ask(dialect.exists(tables.nameOf(role)))).rows.length > 0;
  }

  #heard(payload: string): void {
    this.#heardAt = new Date();
    if (payload.startsWith(MARK)) {
      this.#marks.get(payload)?.();
      return;
    }

    const change = this.#changes.decode(payload);
    if (change === undefined) return;
    // A row that is renamed may have been under another prefix.
    const isTailed = change.key.subarray(0, this.#prefix.length).equals(this.#prefix);
    if (isTailed || change.kind === 'flushed') this.#place.report(this.#decoder.ofChange(change));
  }

  /** Wait until everything that was notified before has arrived. @throws RefusedError if nothing arrives */
  async #confirm(): Promise<void> {
    const { connection } = this.#place;
    const payload = MARK + this.#nextMark++;
    const arrived = deferred<void>();
    this.#marks.set(payload, arrived.resolve);
    await this.#ask(raw(`SELECT pg_notify('${tailName(this.#id)}', '${payload}')`));
    const late = (): Error =>
      new RefusedError(
        `${connection.location} does not deliver notifications: a pooler may be in between`,
        'Connect to the server itself, or use --source poll.',
      );
    await withTimeout(arrived.promise, connection.timeoutMs, late);
    this.#marks.delete(payload);
  }

  /** @throws PartialError if changes may have gone unrecorded */
  async #search(): Promise<void> {
    await this.#upkeep();
    for (const [role, expiries] of this.#expiries) {
      const { rows } = await this.#ask<{ at: number }>(sql`SELECT ${this.#place.context.dialect.now} AS at`);
      const upTo = rows[0]!.at;
      if (upTo > expiries.searchedUpTo) await this.#searchTable(role, expiries, upTo);
    }

    this.#heardAt = new Date();
  }

  async #searchTable(role: TailedRole, expiries: RowExpiries, upTo: number): Promise<void> {
    const { tables } = this.#place.context;
    let rows: ReadonlyArray<{ readonly key: Buffer; readonly expiration: number }> = [];
    do {
      const last = rows.at(-1);
      const isBehind =
        last === undefined
          ? sql`expiration > ${expiries.searchedUpTo}`
          : sql`(expiration, key) > (${last.expiration}, ${textBytes(last.key)})`;
      ({ rows } = await this.#ask(
        sql`SELECT key, expiration FROM ${tables[role]} WHERE ${isBehind} AND expiration <= ${upTo}
            AND ${this.#isTailed} ORDER BY expiration, key LIMIT ${ROWS}`,
      ));
      for (const { key, expiration } of rows) {
        this.#place.report(this.#decoder.ofExpired({ role, key, time: expiration * 1000 }, expiration));
      }
    } while (rows.length === ROWS);

    expiries.searched(upTo);
  }

  /** Check the triggers, and add those of a new table. */
  async #upkeep(): Promise<void> {
    const { rows } = await this.#ask<{ triggers: number }>(countTriggers(this.#id));
    if (rows[0]!.triggers !== this.#expiries.size * TRIGGERS_OF_TABLE) {
      throw new PartialError(
        `the tail of ${this.#place.connection.location} was interrupted: a table was dropped or replaced`,
        'Run the command again.',
      );
    }

    for (const role of this.#place.roles) {
      if (this.#expiries.has(role) || !(await this.#has(role))) continue;
      await this.#transaction(async () => this.#attach(role));
      await this.#reportNewLocks();
    }
  }

  /** The locks that were acquired between the creation of their table and that of its triggers. */
  async #reportNewLocks(): Promise<void> {
    const { dialect, tables } = this.#place.context;
    const { rows } = await this.#ask<{ key: Buffer; expiration: number; at: number }>(
      sql`SELECT key, expiration, ${dialect.nowMs} AS at FROM ${tables.locks}
          WHERE ${this.#isTailed} AND expiration > ${dialect.now} LIMIT ${ROWS}`,
    );
    for (const { key, expiration, at: time } of rows) {
      const change = { kind: 'written', role: 'locks', size: undefined, was: undefined } as const;
      this.#place.report(this.#decoder.ofChange({ ...change, key, expiration, time }));
    }
  }

  /** Drop the triggers and report what they recorded until then. Without a connection, a later tail drops them. */
  async #end(isLost: boolean): Promise<void> {
    try {
      if (isLost || !this.#session.isUsable) return;
      await this.#drop();
      await this.#confirm();
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      throw new TimeoutError(
        `the triggers of this tail are still in ${this.#place.connection.location}: another transaction holds a table`,
        'They do nothing any more. Run doctor --fix to drop them; the next events:tail also does so.',
        { cause: error },
      );
    } finally {
      await this.#session.close();
    }
  }

  /** Transactions of the application may hold the tables for a while. */
  async #drop(): Promise<void> {
    const end = performance.now() + this.#place.connection.timeoutMs;
    for (;;) {
      try {
        await this.#ask(dropTail(raw(tailName(this.#id))));
        return;
      } catch (error) {
        if (!(error instanceof TimeoutError) || !this.#session.isUsable || performance.now() > end) throw error;
      }
    }
  }

  async #transaction(work: () => Promise<void>): Promise<void> {
    await this.#ask(raw('BEGIN'));
    try {
      await work();
      await this.#ask(raw('COMMIT'));
    } catch (error) {
      if (this.#session.isUsable) await this.#ask(raw('ROLLBACK')).catch(() => this.#session.destroy());
      throw error;
    }
  }

  async #ask<Found = Row>(statement: Sql): Promise<Answer<Found>> {
    const { connection } = this.#place;
    const late = (): Error => {
      this.#session.destroy();
      return new UnansweredError(`${connection.location} ${noAnswer.what}`, noAnswer.hint);
    };

    try {
      return (await withTimeout(this.#session.run(statement), connection.timeoutMs, late)) as unknown as Answer<Found>;
    } catch (error) {
      throw connection.server.translated(error);
    }
  }

  get #isTailed(): Sql {
    return this.#prefix.length === 0 ? TRUE : this.#place.context.dialect.beginsWith(raw('key'), this.#prefix);
  }
}
