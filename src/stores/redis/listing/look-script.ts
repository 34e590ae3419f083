import type { Connection, Reply } from '../connection.js';

import { RefusedError } from '../../../errors.js';
import { given } from '../client/replies.js';

/** Keys that one script looks at: well under a millisecond of the server's time. */
const STEP = 250;

/** What is wanted of each key. */
export interface Wanted {
  readonly idle: boolean;
  /** Whether values may be looked at; their size in memory is told otherwise. */
  readonly values: boolean;
  /** Bytes of each value; none where values may not be looked at. */
  readonly head: number;
}

/**
 * The same questions as in a pipeline, and a quarter of its time: for each key how long it was not used (first, since what
 * follows counts as using it), PTTL, size and head, each empty where it is not told.
 */
const LOOK = `local idle, values, head = ARGV[1] == '1', ARGV[2] == '1', tonumber(ARGV[3])
local told = {}
for _, key in ipairs(KEYS) do
  local unused = idle and redis.pcall('OBJECT', 'IDLETIME', key)
  if type(unused) ~= 'number' then unused = '' end
  local pttl = redis.call('PTTL', key)
  local size = values and redis.pcall('STRLEN', key) or redis.pcall('MEMORY', 'USAGE', key)
  local start = ''
  if type(size) ~= 'number' then size = ''
  elseif head > 0 and size > 0 then
    start = redis.pcall('GETRANGE', key, '0', tostring(head - 1))
    if type(start) == 'table' then return start end
  end
  local at = #told
  told[at + 1], told[at + 2], told[at + 3], told[at + 4] = tostring(unused), tostring(pttl), tostring(size), start
end
return told`;

/** What the script tells of a key; null where it does not. */
export interface Told {
  readonly idle: Reply;
  readonly pttl: Reply;
  readonly size: Reply;
  readonly head: Buffer;
}

/**
 * In the order of the full keys, in one round trip.
 * @returns undefined where the server does not let a script do that
 */
export async function lookByScript(
  connection: Connection,
  full: readonly string[],
  { idle, values, head }: Wanted,
): Promise<readonly Told[] | undefined> {
  const steps = Array.from({ length: Math.ceil(full.length / STEP) }, (_, index) =>
    full.slice(index * STEP, (index + 1) * STEP),
  );
  const fixed = [idle ? 1 : 0, values ? 1 : 0, values ? head : 0];
  const replies = await connection.batch(steps.map((keys) => ['EVAL', LOOK, keys.length, ...keys, ...fixed]));
  if (replies.some((reply) => reply instanceof RefusedError)) return undefined;
  return replies.flatMap((reply) => toldBy(given(reply) as readonly Buffer[]));
}

function toldBy(fields: readonly Buffer[]): Told[] {
  const told: Told[] = [];
  for (let at = 0; at < fields.length; at += 4) {
    const [idle, pttl, size] = fields.slice(at, at + 3).map((field) => (field.length === 0 ? null : field.toString()));
    told.push({ idle: idle!, pttl: pttl!, size: size!, head: fields[at + 3]! });
  }

  return told;
}
