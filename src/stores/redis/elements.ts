import type { OtherKind } from '../contract/inspection.js';
import type { Command, Reply } from './client/command.js';
import type { Connection } from './connection.js';

import { keyFromBytes } from '../entries/key-text.js';
import { withoutTouching } from './listing/no-touch.js';

/** Elements that are read; of a small hash or set the server gives all. */
const MOST = 10;

/** By type: the command, and the length of an element in replies. A scan's reply has its cursor in front. */
const READERS: Readonly<Record<string, (key: string) => { readonly command: Command; readonly parts: 1 | 2 }>> = {
  list: (key) => ({ command: ['LRANGE', key, 0, MOST - 1], parts: 1 }),
  set: (key) => ({ command: ['SSCAN', key, 0, 'COUNT', MOST], parts: 1 }),
  hash: (key) => ({ command: ['HSCAN', key, 0, 'COUNT', MOST], parts: 2 }),
  zset: (key) => ({ command: ['ZRANGE', key, 0, MOST - 1, 'WITHSCORES'], parts: 2 }),
  stream: (key) => ({ command: ['XRANGE', key, '-', '+', 'COUNT', MOST], parts: 1 }),
};

/**
 * The first elements of what is no string: `[element]`, `[field, value]`, `[member, score]`, or `[id, field, value, …]`.
 * Undefined of other types, and where this user may not read them.
 */
export async function firstElements(connection: Connection, key: string, type: string): Promise<OtherKind['elements']> {
  const reader = READERS[type]?.(key);
  if (reader === undefined) return undefined;
  const { command, parts } = reader;
  const replies: Array<Error | Reply> = [];
  const reading = withoutTouching(connection, async function* () {
    yield* await connection.batch([command]);
  });
  for await (const reply of reading) replies.push(reply);
  const [reply] = replies;
  if (!isList(reply)) return undefined;
  const found = command[0].endsWith('SCAN') ? reply[1] : reply;
  if (!isList(found)) return undefined;
  const flat = found.map((part) => textsOf(part));
  const elements =
    parts === 1 ? flat : flat.flatMap((one, at) => (at % 2 === 0 ? [[...one, ...(flat[at + 1] ?? [])]] : []));
  return elements.slice(0, MOST);
}

function textsOf(reply: Reply): readonly string[] {
  if (isList(reply)) return reply.flatMap((part) => textsOf(part));
  return [Buffer.isBuffer(reply) ? keyFromBytes(reply) : String(reply)];
}

function isList(reply: Error | Reply | undefined): reply is readonly Reply[] {
  return Array.isArray(reply);
}
