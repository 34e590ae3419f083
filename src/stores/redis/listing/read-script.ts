import type { Reply } from '../client/command.js';
import type { Connection } from '../connection.js';

import { RefusedError } from '../../../errors.js';
import { list } from '../client/replies.js';

/** Keys that one script reads: with small values well under a millisecond of the server's time. */
const STEP = 250;

/** Bytes of a value that comes with the others; what is longer is asked for by itself. */
const LONGEST = 16 * 1024;

/** Bytes of values that one script gives. */
const MOST = 1024 * 1024;

/**
 * Of each key PTTL, and its value; in place of the value its length where that is too much for this answer, and nothing
 * where it is no string.
 */
const READ = `local longest, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local told = {}
for at, key in ipairs(KEYS) do
  local value = redis.pcall('STRLEN', key)
  if type(value) ~= 'number' then value = false
  elseif value <= longest and value <= most then
    most = most - value
    value = redis.call('GET', key)
  end
  told[2 * at - 1], told[2 * at] = redis.call('PTTL', key), value
end
return told`;

/** What is read of a key at once. */
export interface Read {
  readonly pttl: string;
  /** The value, or `long`: it has to be read by itself; or `no string`. */
  readonly value: 'long' | 'no string' | Buffer;
}

/**
 * What the full keys hold, in their order, in one round trip: several times as fast as a GET and a PTTL of each.
 * @returns undefined where the server does not let a script do that
 */
export async function readByScript(
  connection: Connection,
  full: readonly string[],
): Promise<readonly Read[] | undefined> {
  const steps = Array.from({ length: Math.ceil(full.length / STEP) }, (_, index) =>
    full.slice(index * STEP, (index + 1) * STEP),
  );
  const replies = await connection.batch(steps.map((keys) => ['EVAL', READ, keys.length, ...keys, LONGEST, MOST]));
  if (replies.some((reply) => reply instanceof RefusedError)) return undefined;
  return replies.flatMap((reply, index) => readOf(list(reply, 2 * steps[index]!.length)));
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
