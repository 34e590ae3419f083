import type { CacheEvent } from '../../contract/events.js';
import type { Poller } from '../../events/poll-feed.js';
import type { SqlContext } from '../context.js';
import type { Answer } from '../session.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { under } from '../keys.js';
import { connectionOf } from '../listing/ranges.js';
import { OWNER_COLUMNS } from '../locks/lock.js';
import { sql } from '../statement.js';
import { RowDifferences } from './row-differences.js';
import { RowEvents, type Selection, TAILED_ROLES, type TailedRole } from './row-events.js';

interface Row {
  readonly key: Buffer;
  readonly expiration: number;
  /** Of the value or owner; null if the row has expired. */
  readonly hash: Buffer | null;
  readonly size: number;
  /** The server's Unix time, in milliseconds. */
  readonly at: number;
}

/**
 * Compares the rows with the last poll. Reads pages in the order of the primary key, each in a statement of its own. The
 * server hashes the values, so that they are not sent.
 */
export class TablePoller implements Poller {
  readonly #context: SqlContext;
  readonly #prefix: string;
  readonly #differences: RowDifferences;

  constructor(context: SqlContext, selection: Selection, report: (events: readonly CacheEvent[]) => void) {
    this.#context = context;
    this.#prefix = selection.everything === true ? '' : context.prefix;
    this.#differences = new RowDifferences(new RowEvents(context.prefix, selection), report);
  }

  async poll(signal: AbortSignal): Promise<void> {
    for (const role of TAILED_ROLES) if (!(await this.#compare(role, signal))) return;
    this.#differences.complete();
  }

  /** False if the signal was aborted first. */
  async #compare(role: TailedRole, signal: AbortSignal): Promise<boolean> {
    this.#differences.begin(role);
    let rows: readonly Row[] = [];
    let at: number | undefined;
    do {
      if (signal.aborted) return false;
      rows = await this.#page(role, rows.at(-1)?.key);
      for (const { key, expiration, hash, size, at: readAt } of rows) {
        const content = hash === null ? undefined : hash.toString('latin1');
        this.#differences.row(role, { key, hash: content, expiration, ...(role === 'cache' && { size }) }, readAt);
      }

      at = rows.at(-1)?.at ?? at;
    } while (rows.length === PAGE_SIZE);

    this.#differences.end(role, at ?? (await this.#time(role)));
    return true;
  }

  async #page(role: TailedRole, after: Buffer | undefined): Promise<readonly Row[]> {
    const { dialect, tables } = this.#context;
    const { key, now, nowMs } = dialect;
    const content = OWNER_COLUMNS[role];
    const answer = await this.#read<Row>(
      role,
      sql`SELECT ${key}, expiration, CASE WHEN expiration > ${now} THEN ${dialect.digest(content)} END AS hash,
          OCTET_LENGTH(${content}) AS size, ${nowMs} AS at
          FROM ${tables[role]} WHERE ${under(dialect, key, this.#prefix, { after })} ORDER BY ${key} LIMIT ${PAGE_SIZE}`,
    );
    return answer?.rows ?? [];
  }

  /** Laravel creates the table of locks later. A missing cache table is an error at first only. */
  async #read<Found>(role: TailedRole, statement: ReturnType<typeof sql>): Promise<Answer<Found> | undefined> {
    const connection = connectionOf(this.#context, role);
    if (role === 'cache' && this.#differences.isFirst) return connection.page<Found>(statement);
    return connection.pageIfThere<Found>(statement);
  }

  async #time(role: TailedRole): Promise<number> {
    const { rows } = await connectionOf(this.#context, role).run<{ at: number }>(
      sql`SELECT ${this.#context.dialect.nowMs} AS at`,
    );
    return rows[0]!.at;
  }
}
