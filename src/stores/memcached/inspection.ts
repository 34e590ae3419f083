import type { InspectedLock, Inspection, NearKey } from '../contract/inspection.js';
import type { MemcachedContext } from './context.js';
import type { Item } from './protocol/node.js';

import { RefusedError, UndecodableError } from '../../errors.js';
import { keyFromBytes, keyToBytes } from '../entries/key-text.js';
import { valueOrThrow } from './entries.js';
import { isNameable, isTagIdKey } from './keys.js';
import { lockOf } from './locks/rule.js';
import { MetaNode } from './protocol/meta-node.js';
import { tagOf } from './tags/index.js';
import { MemcachedTagged } from './tags/tagged.js';

/** Uses `me` and `mg` without updating the last use or the miss counter. */
export async function inspect(context: MemcachedContext, key: string, tags?: readonly string[]): Promise<Inspection> {
  const full = tags === undefined ? context.keys.full(key) : await new MemcachedTagged(context, tags).fullKey(key);
  // Without the id of a tag, the key is unknown.
  if (full === undefined) return { listedKey: key, place: { server: context.connection.location } };
  const node = context.connection.at(full);
  const listedKey = context.keys.short(full);
  const common = { storedKey: keyFromBytes(full), listedKey, place: { server: node.location } };
  const known = node instanceof MetaNode ? await described(node, full) : new Map<string, string>();
  const [item] = known === undefined ? [] : await (node instanceof MetaNode ? node.look([full]) : node.read([full]));
  const held = valueOrThrow(item);
  if (known === undefined || held === undefined) return { ...common, near: await nearKeys(context, listedKey) };
  const lock = await inspectedLock(context, listedKey, held);
  const { ttl } = held;
  return {
    ...common,
    entry: await context.values.entry(held),
    format: context.values.formatOf(held),
    ...(ttl !== undefined && { expiresAt: ttl === null ? null : new Date(Date.now() + ttl * 1000) }),
    usage: {
      ...numbers(known),
      ...(known.has('fetch') && { fetched: known.get('fetch') === 'yes' }),
      ...(held.cas !== 0n && { cas: held.cas }),
    },
    ...(tags !== undefined && { tags: { names: tags, isOrdered: true } }),
    ...(lock && { lock }),
    ...(isTagIdKey(listedKey) && { tagKept: tagOf(listedKey) }),
  };
}

/** Empty if the server does not support it. Undefined if there is no such item. */
async function described(node: MetaNode, full: Buffer): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return await node.describe(full);
  } catch (error) {
    if (error instanceof RefusedError) return new Map();
    throw error;
  }
}

function numbers(known: ReadonlyMap<string, string>): { idle?: number; memory?: number } {
  const [idle, memory] = [known.get('la'), known.get('size')];
  return { ...(idle !== undefined && { idle: Number(idle) }), ...(memory !== undefined && { memory: Number(memory) }) };
}

async function inspectedLock(
  { values }: MemcachedContext,
  name: string,
  item: Item,
): Promise<InspectedLock | undefined> {
  const detectedBy = lockOf(name, item);
  if (detectedBy === undefined) return undefined;
  try {
    const owner = await values.bareBytes(item);
    return { owner: keyFromBytes(owner), detectedBy };
  } catch (error) {
    // Not a lock, whatever its name.
    if (error instanceof UndecodableError) return undefined;
    throw error;
  }
}

async function nearKeys({ connection, prefix }: MemcachedContext, listedKey: string): Promise<readonly NearKey[]> {
  const bare = keyToBytes(listedKey);
  const node = connection.at(bare);
  if (prefix === '' || !isNameable(bare) || !(node instanceof MetaNode)) return [];
  const known = await described(node, bare);
  return known !== undefined && known.size > 0 ? [{ storedKey: listedKey, difference: 'without the prefix' }] : [];
}
