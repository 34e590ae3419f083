import type { RenameOutcome } from '../contract/store.js';
import type { RedisContext } from './context.js';

import { count, given } from './client/replies.js';
import { answerOf } from './errors.js';

/** In one step, with its ttl. Undefined in a cluster whose servers do not have both keys. */
export async function rename(
  { connection, keys }: RedisContext,
  from: string,
  to: string,
  { overwrite }: { readonly overwrite: boolean },
): Promise<RenameOutcome | undefined> {
  const [reply] = await connection.batch([[overwrite ? 'RENAME' : 'RENAMENX', keys.full(from), keys.full(to)]]);
  if (reply instanceof Error) {
    if (answerOf(reply).startsWith('CROSSSLOT')) return undefined;
    if (answerOf(reply).includes('no such key')) return 'missing';
    throw reply;
  }

  return overwrite || count(given(reply!)) === 1 ? 'renamed' : 'taken';
}
