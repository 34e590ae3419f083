import type { Connection } from '../connection.js';

import { RefusedError } from '../../../errors.js';
import { bytesList, count, list } from '../client/replies.js';

/**
 * Lua: remove keys one by one, because a command on a cluster can name only keys of one slot. Returns how many existed,
 * and the keys that could not be removed here, such as those of a slot that moves.
 */
const UNLINK_EACH = `local removed, rest = 0, {}
for _, key in ipairs(ARGV) do
  local done = redis.pcall('UNLINK', key)
  if type(done) == 'number' then removed = removed + done else rest[#rest + 1] = key end
end
return {tostring(removed), rest}`;

/** Remove stored keys of a cluster on all of its servers at once. Returns how many existed. */
export async function unlinkAll(connection: Connection, keys: readonly Buffer[]): Promise<number> {
  const shares = await connection.shares(keys);
  const removed = await Promise.all(
    shares.map(async ({ node, at }) => {
      const some = at.map((index) => keys[index]!);
      const [reply] = node === undefined ? [] : await node.batch([['EVAL', UNLINK_EACH, 0, ...some]]);
      if (reply === undefined || reply instanceof RefusedError) return unlinkEach(connection, some);
      const [done, rest] = list(reply, 2);
      return count(done!) + (await unlinkEach(connection, bytesList(rest!)));
    }),
  );
  return removed.reduce((sum, each) => sum + each, 0);
}

async function unlinkEach(connection: Connection, keys: readonly Buffer[]): Promise<number> {
  const replies = await connection.batch(keys.map((key) => ['UNLINK', key]));
  return replies.reduce((sum: number, reply) => sum + count(reply), 0);
}
