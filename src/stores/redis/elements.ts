import type { OtherKind } from '../contract/inspection.js';
import type { Command, Reply } from './client/command.js';
import type { Connection } from './connection.js';

import { keyFromBytes } from '../entries/key-text.js';
import { withoutTouching } from './listing/no-touch.js';

/** By type: the command from a scan's cursor on, and the length of an element in replies. */
const READERS: Readonly<Record<string, Reader>> = {
  list: { command: (key, most) => ['LRANGE', key, 0, most - 1], parts: 1 },
  set: { command: (key, most, cursor) => ['SSCAN', key, cursor, 'COUNT', most], parts: 1, isScan: true },
  hash: { command: (key, most, cursor) => ['HSCAN', key, cursor, 'COUNT', most], parts: 2, isScan: true },
  zset: { command: (key, most) => ['ZRANGE', key, 0, most - 1, 'WITHSCORES'], parts: 2 },
  stream: { command: (key, most) => ['XRANGE', key, '-', '+', 'COUNT', most], parts: 1 },
};

interface Reader {
  readonly command: (key: string, most: number, cursor: string) => Command;
  readonly parts: 1 | 2;
  /** A reply has the next cursor in front, and may have fewer elements than asked for. */
  readonly isScan?: true;
}

/**
 * The first elements of what is no string: `[element]`, `[field, value]`, `[member, score]`, or `[id, field, value, …]`.
 * Undefined of other types, and where this user may not read them. Never reads the whole of a large key: only of a small
 * hash or set the server sends all.
 */
export async function firstElements(
  connection: Connection,
  key: string,
  { type, most }: { readonly type: string; readonly most: number },
): Promise<OtherKind['elements']> {
  const reader = READERS[type];
  if (reader === undefined) return undefined;
  const { command, parts, isScan } = reader;
  const elements: Array<readonly string[]> = [];
  const reading = withoutTouching(connection, async function* () {
    let cursor = '0';
    do {
      const [reply] = await connection.batch([command(key, most, cursor)]);
      yield reply;
      cursor = isScan && isList(reply) ? textsOf(reply[0]!).join('') : '0';
    } while (cursor !== '0' && elements.length < most);
  });
  for await (const reply of reading) {
    if (!isList(reply)) return undefined;
    const found = isScan ? reply[1] : reply;
    if (!isList(found)) return undefined;
    const flat = found.map((part) => textsOf(part));
    for (let at = 0; at < flat.length; at += parts) elements.push(flat.slice(at, at + parts).flat());
  }

  // A scan may see an element twice.
  const distinct = isScan ? [...new Map(elements.map((each) => [each[0], each])).values()] : elements;
  return distinct.slice(0, most);
}

function textsOf(reply: Reply): readonly string[] {
  if (isList(reply)) return reply.flatMap((part) => textsOf(part));
  return [Buffer.isBuffer(reply) ? keyFromBytes(reply) : String(reply)];
}

function isList(reply: Error | Reply | undefined): reply is readonly Reply[] {
  return Array.isArray(reply);
}
