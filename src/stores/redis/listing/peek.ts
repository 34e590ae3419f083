import type { Reading } from '../../contract/store.js';
import type { Command, Reply } from '../client/command.js';

import { Entries } from '../entries.js';
import { isUnavailable, translated } from '../errors.js';

/**
 * Lua: read a key without causing `keymiss`. OBJECT causes none if the key is missing; older servers then reply with an
 * error.
 */
const PEEK = `local there = redis.pcall('OBJECT', 'ENCODING', KEYS[1])
if not there or type(there) == 'table' then return {false, '-2'} end
return {redis.pcall('GET', KEYS[1]), tostring(redis.call('PTTL', KEYS[1]))}`;

/** Reads entries without causing keyspace notifications. */
export class Peek extends Entries {
  override async many(keys: readonly string[]): Promise<readonly Reading[]> {
    const commands = keys.map((key): Command => ['EVAL', PEEK, 1, this.storedKey(key)]);
    const replies = await this.connection.batch(commands);
    // Without scripts a missing key causes a `keymiss`.
    if (replies.length > 0 && replies.every((reply) => isUnavailable(reply))) return super.many(keys);
    return Promise.all(keys.map(async (key, index) => this.#read(key, replies[index]!)));
  }

  async #read(key: string, reply: Error | Reply): Promise<Reading> {
    if (!Array.isArray(reply)) return reply instanceof Error ? reply : undefined;
    const [value, pttl] = reply as [Error | Reply, Reply];
    return this.reading(key, value instanceof Error ? translated(value, this.connection.location) : value, pttl);
  }
}
