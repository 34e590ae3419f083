import type { Reading } from '../../contract/store.js';
import type { Command, Reply } from '../client/command.js';

import { Entries } from '../entries.js';
import { isUnavailable, translated } from '../errors.js';

/**
 * A key that is not there makes a `keymiss`, save to OBJECT, which looks without a word. Older servers answer it with an
 * error where there is nothing.
 */
const PEEK = `local there = redis.pcall('OBJECT', 'ENCODING', KEYS[1])
if not there or type(there) == 'table' then return {false, '-2'} end
return {redis.pcall('GET', KEYS[1]), tostring(redis.call('PTTL', KEYS[1]))}`;

/** Reads entries so that no keyspace notification tells of it. */
export class Peek extends Entries {
  override async many(keys: readonly string[]): Promise<readonly Reading[]> {
    const commands = keys.map((key): Command => ['EVAL', PEEK, 1, this.storedKey(key)]);
    const replies = await this.connection.batch(commands);
    // Without scripts a key that is gone by now makes a miss of ours.
    if (replies.length > 0 && replies.every((reply) => isUnavailable(reply))) return super.many(keys);
    return Promise.all(keys.map(async (key, index) => this.#read(key, replies[index]!)));
  }

  async #read(key: string, reply: Error | Reply): Promise<Reading> {
    if (!Array.isArray(reply)) return reply instanceof Error ? reply : undefined;
    const [value, pttl] = reply as [Error | Reply, Reply];
    return this.reading(key, value instanceof Error ? translated(value, this.connection.location) : value, pttl);
  }
}
