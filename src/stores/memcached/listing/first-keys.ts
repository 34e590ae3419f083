import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';

import { RefusedError } from '../../../errors.js';
import { dump } from './dump.js';

/** The number of keys that are enough for a sample. */
const MAX_KEYS = 1000;

export interface FirstKeys {
  readonly ours: readonly Buffer[];
  readonly others: readonly Buffer[];
  readonly isAll: boolean;
}

/**
 * Sample keys of a server, with the prefix (`ours`) and without it. Only for servers with few items: the dump always
 * runs to its end. Undefined if the server does not allow listing.
 */
export async function firstKeys(node: MetaNode, context: MemcachedContext): Promise<FirstKeys | undefined> {
  try {
    return await listed(node, context);
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

async function listed(node: MetaNode, context: MemcachedContext): Promise<FirstKeys> {
  const ours: Buffer[] = [];
  const others: Buffer[] = [];
  for await (const page of dump(node, { ...context, prefix: '' })) {
    for (const { full } of page) (context.keys.isOurs(full) ? ours : others).push(full);
    if (ours.length + others.length >= MAX_KEYS) return { ours, others, isAll: false };
  }

  return { ours, others, isAll: true };
}
