import type { Command, Reply } from '../client/command.js';
import type { Connection } from '../connection.js';

import { RefusedError } from '../../../errors.js';
import { list } from '../client/replies.js';

/** Keys per script call: with small values well under a millisecond of the server's time. */
const STEP = 250;

/** The longest value, in bytes, that is returned. Longer ones are read separately. */
const MAX_VALUE_BYTES = 16 * 1024;

/** The most bytes of values that one call returns. */
const MAX_BYTES = 1024 * 1024;

/**
 * Lua: PTTL and value of each key. In place of the value: its length if it is too long for this reply, false if the key
 * holds no string. Keys of a cluster are plain arguments, because they are in several slots.
 */
const READ = `local longest, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local keys, found = #KEYS > 0 and KEYS or {unpack(ARGV, 3)}, {}
for at, key in ipairs(keys) do
  local value = redis.pcall('STRLEN', key)
  if type(value) ~= 'number' then value = false
  elseif value <= longest and value <= most then
    most = most - value
    value = redis.call('GET', key)
  end
  found[2 * at - 1], found[2 * at] = redis.call('PTTL', key), value
end
return found`;

/** What one call returned for a key. */
export interface Read {
  readonly pttl: string;
  /** The value; `long` if it must be read separately. */
  readonly value: 'long' | 'no string' | Buffer;
}

/**
 * Read stored keys in one round trip, in their order. Several times as fast as GET and PTTL for each.
 * @returns undefined if scripts are refused
 */
export async function readByScript(
  connection: Connection,
  full: readonly string[],
): Promise<readonly Read[] | undefined> {
  const read: Read[] = [];
  const areRead = await Promise.all(
    (await connection.shares(full)).map(async ({ node, at }) => {
      const steps = Array.from({ length: Math.ceil(at.length / STEP) }, (_, index) =>
        at.slice(index * STEP, (index + 1) * STEP),
      );
      const replies = await node?.batch(
        steps.map((step): Command => {
          const keys = step.map((index) => full[index]!);
          return connection.isCluster
            ? ['EVAL', READ, 0, MAX_VALUE_BYTES, MAX_BYTES, ...keys]
            : ['EVAL', READ, keys.length, ...keys, MAX_VALUE_BYTES, MAX_BYTES];
        }),
      );
      if (replies === undefined || replies.some((reply) => reply instanceof RefusedError)) return false;
      for (const [index, step] of steps.entries()) {
        const some = readOf(list(replies[index]!, 2 * step.length));
        for (const [offset, place] of step.entries()) read[place] = some[offset]!;
      }

      return true;
    }),
  );
  return areRead.every(Boolean) ? read : undefined;
}

function readOf(fields: readonly Reply[]): Read[] {
  const read: Read[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const value = fields[at + 1];
    read.push({
      pttl: String(fields[at]),
      value: Buffer.isBuffer(value) ? value : value === null ? 'no string' : 'long',
    });
  }

  return read;
}
