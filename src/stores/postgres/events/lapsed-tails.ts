import type { Connection } from '../../sql/connection.js';
import type { SqlContext } from '../../sql/context.js';

import { CachectlError } from '../../../errors.js';
import { raw } from '../../sql/statement.js';
import { plain } from '../../sql/text.js';
import { dropTail, LAPSED_TAILS } from './tail-triggers.js';

/** The connections that may have triggers. */
export function tailedConnections({ entries, locks }: SqlContext): readonly Connection[] {
  return entries === locks ? [entries] : [entries, locks];
}

/** The names of the functions that killed tails left behind, quoted. */
export async function lapsedTails(connection: Connection): Promise<readonly string[]> {
  const { rows } = await connection.run(LAPSED_TAILS);
  return rows.map(({ name }) => plain(name));
}

/** Drop what killed tails left behind. @throws CachectlError, also if another transaction holds a table */
export async function dropLapsedTails(connection: Connection): Promise<void> {
  for (const name of await lapsedTails(connection)) {
    await connection.transaction(async (run) => {
      await run(SHORT_LOCKS);
      await run(dropTail(raw(name)));
    });
  }
}

/** Drop what killed tails left behind, as far as the user may and no transaction is in the way. A later tail will. */
export async function tidy(context: SqlContext): Promise<void> {
  for (const connection of tailedConnections(context)) {
    try {
      await dropLapsedTails(connection);
    } catch (error) {
      if (!(error instanceof CachectlError)) throw error;
    }
  }
}

/** For a change of triggers: the application's statements queue behind one that waits. */
export const LOCK_TIMEOUT_MS = 2000;

const SHORT_LOCKS = raw(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
