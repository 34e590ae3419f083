import type { TlsTerms } from '../network/errors.js';
import type { Tunnel } from '../network/tunnel.js';
import type { Sql } from './statement.js';

/** A row: text and values as bytes, numbers as numbers, booleans as 1 and 0. */
export type Row = Readonly<Record<string, Column>>;

export type Column = Buffer | number | null;

export interface Answer<Found = Row> {
  readonly rows: readonly Found[];
  /** The rows that the statement matched and wrote. 0 if a conditional insert changed nothing. */
  readonly count: number;
}

/** One connection to a server, logged in. */
export interface Session {
  /** Whether the session accepts another statement. */
  readonly isUsable: boolean;
  /** Run one statement. @throws any error of the client library */
  run(statement: Sql): Promise<Answer>;
  /** Never throws. */
  close(): Promise<void>;
  /** Drop the connection at once, without waiting for running statements. */
  destroy(): void;
}

/** A server and its client library. */
export interface Server {
  /** For people: `mysql 127.0.0.1:3306, database app`. */
  readonly location: string;
  readonly tlsTerms: TlsTerms;
  /** Undefined: connect directly. */
  readonly tunnel: Tunnel | undefined;
  /** @throws any error of the client library */
  connect(timeoutMs: number): Promise<Session>;
  /** Translate an error of this server into one that names it and has a hint. */
  translated(error: unknown): unknown;
  /** Whether the statement was rolled back for a transient reason: a deadlock or a serialization failure. */
  isRetriable(error: unknown): boolean;
  isMissingTable(error: unknown): boolean;
  /**
   * Begins a transaction that reads pages in the order of an index, even if the planner has no statistics. Undefined if
   * the server always does.
   */
  readonly orderedBegin: Sql | undefined;
  /** Call `heard` when cachectl releases the lock. Undefined if the server has no notifications. */
  listen?(key: string, timeoutMs: number, heard: () => void): Promise<Listener>;
}

export interface Listener {
  /** Whether the connection was lost. */
  readonly isLost: boolean;
  /** Never throws. */
  close(): Promise<void>;
}
