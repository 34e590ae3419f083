import type { Statement } from './binding/binding.js';

/** What SQL runs on. Only within the `run`, `read` or `write` of the connection that it belongs to. */
export interface Statements {
  /** The prepared statement, cached by its text. */
  statement<Row>(sql: string): Statement<Row>;
  /** Run several statements without caching them. Only within `write`. */
  execute(sql: string): void;
}
