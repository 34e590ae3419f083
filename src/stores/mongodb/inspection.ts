import { Double, Int32, Long } from 'mongodb';

import type { Inspection, NearKey } from '../contract/inspection.js';
import type { MongodbContext } from './context.js';
import type { Deployment } from './deployment.js';

import { keyFromBytes } from '../entries/key-text.js';
import { isScheduleMutex } from '../locks/names.js';
import { MAX_OWNER } from '../locks/rule.js';
import { taggedKey } from '../tags/names.js';
import { inspectedTags } from '../tags/order.js';
import { isLive, ttlOf } from './expiry.js';
import { storable } from './ids.js';
import { tagsUnder } from './tags/index.js';
import { AS_STORED, FieldCodec, storedBytes } from './values.js';

/** Show an entry's document. MongoDB records no uses, so there is no idle time. */
export async function inspect(context: MongodbContext, key: string, tags?: readonly string[]): Promise<Inspection> {
  const { connection, prefix, codec } = context;
  const listedKey = tags === undefined ? key : taggedKey(tags, key);
  return connection.run(async (deployment) => {
    const { entries, now } = deployment;
    const storedKey = storable(prefix + listedKey);
    const place = { server: connection.location, collection: entries.collectionName };
    const common = { storedKey, listedKey, place };
    const at = now();
    const found = await entries.findOne({ _id: storedKey }, AS_STORED);
    if (found === null) return { ...common, near: await nearKeys(deployment, prefix, listedKey) };
    const { value, expires_at: expiry } = found;
    if (!isLive(expiry, at)) return { ...common, ...(expiry instanceof Date && { expiredAt: expiry }) };
    const ttl = ttlOf(expiry, at);
    const names = tagsUnder(prefix, found.tags);
    const carried = inspectedTags(listedKey, names, names);
    return {
      ...common,
      entry: { stored: storedBytes(value), ttl, decode: () => new FieldCodec(codec).decode(value) },
      format: { codec: isNumber(value) ? 'number' : codec.name },
      expiresAt: ttl === null ? null : expiry,
      ...(carried && { tags: carried }),
      ...(isScheduleMutex(listedKey) && {
        lock: { owner: keyFromBytes(storedBytes(value).subarray(0, MAX_OWNER)), detectedBy: 'family' },
      }),
    };
  });
}

function isNumber(field: unknown): boolean {
  return field instanceof Int32 || field instanceof Long || field instanceof Double;
}

async function nearKeys({ entries, now }: Deployment, prefix: string, listedKey: string): Promise<readonly NearKey[]> {
  if (prefix === '') return [];
  const found = await entries.findOne({ _id: listedKey }, { projection: { expires_at: 1 } });
  return found !== null && isLive(found.expires_at, now())
    ? [{ storedKey: listedKey, difference: 'without the prefix' }]
    : [];
}
