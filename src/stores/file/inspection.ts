import type { Inspection } from '../contract/inspection.js';
import type { FileContext } from './context.js';

import { CodedEntry } from '../entries/coded-entry.js';
import { isLive, ttlOf } from './content.js';

/** The facts about an entry that its file holds. */
export async function inspect({ folder, codec, prefix }: FileContext, key: string): Promise<Inspection> {
  const storedKey = prefix + key;
  const asked = { storedKey, listedKey: key, place: { file: folder.fileOf(storedKey) } };
  const held = await folder.read(storedKey);
  if (held === undefined) return asked;
  const { expiry, stored } = held;
  if (!isLive(expiry)) return { ...asked, expiredAt: new Date(expiry * 1000) };
  const ttl = ttlOf(expiry);
  return {
    ...asked,
    entry: new CodedEntry(stored, ttl, codec),
    format: { codec: codec.name },
    expiresAt: ttl === null ? null : new Date(expiry * 1000),
  };
}
