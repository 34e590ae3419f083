import type { TlsTerms } from '../network/errors.js';
import type { Sql } from './statement.js';

/** A row: text and values as bytes, numbers as numbers, truth as 1 and 0. */
export type Row = Readonly<Record<string, Column>>;

export type Column = Buffer | number | null;

export interface Answer<Found = Row> {
  readonly rows: readonly Found[];
  /** Rows that the statement matched and wrote; of an insert that may change nothing, 0 if it did not. */
  readonly count: number;
}

/** One connection to a server, logged in. */
export interface Session {
  /** Whether it can take another statement. */
  readonly isUsable: boolean;
  /** One statement. @throws whatever the client library throws */
  run(statement: Sql): Promise<Answer>;
  /** Never throws. */
  close(): Promise<void>;
  /** Drops the connection at once: nothing more is heard of what is under way. */
  destroy(): void;
}

/** What a driver knows of its server and its client library. */
export interface Server {
  /** For people: `mysql 127.0.0.1:3306, database app`. */
  readonly location: string;
  readonly tlsTerms: TlsTerms;
  /** @throws whatever the client library throws */
  connect(timeoutMs: number): Promise<Session>;
  /** An error of this server as one that names it and says what to do. */
  translated(error: unknown): unknown;
  /** Whether the statement was rolled back for a reason that passes: a deadlock, or a serialization failure. */
  isRetriable(error: unknown): boolean;
  isMissingTable(error: unknown): boolean;
  /** Calls `heard` when cachectl releases the lock. Left out where the server has no notifications. */
  listen?(key: string, timeoutMs: number, heard: () => void): Promise<Listener>;
}

export interface Listener {
  /** Whether its connection was lost. */
  readonly isLost: boolean;
  /** Never throws. */
  close(): Promise<void>;
}
