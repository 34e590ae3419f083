import type { Statement } from './binding/binding.js';

/** Runs SQL. Only within `run`, `read` or `write` of its connection. */
export interface Statements {
  /** Return the prepared statement, cached by its text. */
  statement<Row>(sql: string): Statement<Row>;
  /** Run several statements without caching them. Only within `write`. */
  execute(sql: string): void;
}
