import type { Session } from '../client/command.js';

import { RefusedError } from '../../../errors.js';
import { SLOTS } from '../client/key-slot.js';
import { count } from '../client/replies.js';

/** More keys than a slot ever has, for GETKEYSINSLOT. Servers limit it to the keys of the slot. */
export const UNLIMITED = 2 ** 30;

/** The limit of keys that a script may process between two looks at the clock. */
const MAX_KEYS = 1000;

/** Slots per script call: 2 ms of the server's time. */
const STEP = SLOTS / 4;

/** Lua: the most keys that one of the slots has. Also checks whether the keys of a slot may be read. */
const LARGEST = `local most, first = 0, tonumber(ARGV[1])
local keys = redis.pcall('CLUSTER', 'GETKEYSINSLOT', ARGV[1], '1')
if keys.err then return keys end
for slot = first, first + ${STEP - 1} do
  local held = redis.pcall('CLUSTER', 'COUNTKEYSINSLOT', slot)
  if type(held) == 'table' then return held end
  if held > most then most = held end
end
return most`;

/**
 * Whether a script can process the keys of this node of a cluster slot by slot: the server allows it, no slot takes
 * long, and the slots hold enough keys to make it worthwhile.
 */
export async function hasSmallSlots(node: Session): Promise<boolean> {
  const [size] = await node.batch([['DBSIZE']]);
  if (count(size!) < SLOTS) return false;
  const firsts = Array.from({ length: SLOTS / STEP }, (_, index) => index * STEP);
  const largest = await node.batch(firsts.map((first) => ['EVAL', LARGEST, 0, first]));
  return largest.every((reply) => !(reply instanceof RefusedError) && count(reply) <= MAX_KEYS);
}
