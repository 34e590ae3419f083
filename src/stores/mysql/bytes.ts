import { type Sql, sql } from '../sql/statement.js';

/** The bytes of a text, whatever the character set of its column. */
export function bytesOf(expression: Sql): Sql {
  return sql`CAST(CONVERT(${expression} USING utf8mb4) AS BINARY)`;
}
