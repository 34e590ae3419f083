import type { RedisCompression } from '../../../codecs/compression/phpredis.js';
import type { Finding, Reading } from '../../contract/store.js';
import type { Reply } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { counted, warning } from '../../doctor/findings.js';
import { type KeySample, prefixFinding } from '../../doctor/prefix-guess.js';
import { keyFromBytes } from '../../entries/key-text.js';
import { type Alternative, contentsFinding, inPortions } from '../../listing/sampled-contents.js';
import { isLaravelLockName, isLaravelOwner, OWNER_PREFIX } from '../../locks/names.js';
import { isTagSetKey } from '../../tags/names.js';
import { Entries } from '../entries.js';
import { isUnavailable } from '../errors.js';
import { SCAN_COUNT, underPrefix } from '../keys.js';
import { infoOf } from '../stats/info.js';

/** SCAN calls for any keys, and further calls for keys under the prefix if there were none. */
const ANY_STEPS = 5;
const PREFIX_STEPS = 20;

/** Check with a sample whether keys and values match the profile. */
export async function* keyFindings(context: RedisContext): AsyncGenerator<Finding> {
  const { connection, keys, prefix } = context;
  let sample: KeySample;
  try {
    sample = await sampled(context);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return;
  }

  const connectionPrefix = keys.prefix.slice(0, keys.prefix.length - prefix.length);
  const elsewhere = sample.ours.length + sample.others.length === 0 ? await otherDatabases(connection) : undefined;
  yield elsewhere ?? prefixFinding(sample, { connectionPrefix, prefix });
  const names = sample.ours.map((key) => key.slice(keys.prefix.length));
  const old = names.filter((name) => OLD_TAGS.test(name)).length;
  if (old > 0) {
    yield warning(
      'tags layout',
      `${counted(old, 'key is a tag set', 'keys are tag sets')} of Laravel 9 or older, which cachectl does not read`,
      'tags:flush does not find their entries. Flush them in the application (Cache::tags(…)->flush()), or upgrade Laravel.',
    );
  }

  const candidates = names.filter((name) => !isTagSetKey(name) && !isLaravelLockName(name) && !OLD_TAGS.test(name));
  const entries = new Entries(context);
  const portions = inPortions(candidates, async (some) => {
    const readings = await entries.many(some);
    return readings.filter((reading) => !isOwner(reading));
  });
  yield await contentsFinding(portions, alternatives);
}

/** A tag's id, and by that id the sets of its entries with and without a TTL. */
const OLD_TAGS = /^tag:.*:key$|^[\da-f]{13,23}(?:\.\d+)?:(?:standard|forever)_ref$/s;

async function sampled({ connection, keys }: RedisContext): Promise<KeySample> {
  const ours = new Set<string>();
  const others = new Set<string>();
  let isAll = true;
  for (const node of await connection.nodes()) {
    isAll &&= await eachPage(
      ANY_STEPS,
      async (cursor) => node.call('SCAN', cursor, 'COUNT', SCAN_COUNT),
      (page) => {
        for (const key of page) {
          if (keys.isBookkeeping(key)) continue;
          (keys.isOurs(key) ? ours : others).add(keyFromBytes(key));
        }
      },
    );
    if (isAll || ours.size > 0) continue;
    const pattern = underPrefix(keys);
    await eachPage(
      PREFIX_STEPS,
      async (cursor) => node.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT),
      (page) => {
        for (const key of page) if (keys.isOurs(key)) ours.add(keyFromBytes(key));
        return ours.size > 0;
      },
    );
  }

  return { ours: [...ours], others: [...others], isAll };
}

/** Whether all pages were seen. `take` returns true to stop. */
async function eachPage(
  most: number,
  step: (cursor: string) => Promise<Reply>,
  take: (page: readonly Buffer[]) => boolean | void,
): Promise<boolean> {
  let cursor = '0';
  for (let steps = 0; steps < most; steps++) {
    const [next, page] = (await step(cursor)) as readonly [Buffer, readonly Buffer[]];
    if (take(page) === true) return false;
    cursor = String(next);
    if (cursor === '0') return true;
  }

  return false;
}

/**
 * Find keys in other databases when the profile's database is empty. Undefined if there are none or INFO is refused.
 */
async function otherDatabases(connection: Connection): Promise<Finding | undefined> {
  const [node] = await connection.nodes();
  const info = await infoOf(node!);
  const held = [...(info ?? [])].flatMap(([name, value]) => {
    const [, database] = /^db(\d+)$/.exec(name) ?? [];
    return database === undefined ? [] : [{ database, keys: Number(/keys=(\d+)/.exec(value)?.[1] ?? 0) }];
  });
  const most = held.sort((a, b) => b.keys - a.keys)[0];
  if (most === undefined || most.keys === 0) return undefined;
  return warning(
    'database',
    `database ${connection.database} is empty, while database ${most.database} has ${counted(most.keys, 'key', 'keys')}`,
    `If that is the cache, set database: ${most.database} in the profile. Laravel's cache uses database 1 by default.`,
  );
}

/** A lock among the entries, as bare text when phpredis does not serialize. */
function isOwner(reading: Reading): boolean {
  if (reading === undefined || reading instanceof Error) return false;
  const text = reading.stored.toString('latin1');
  return text.startsWith(OWNER_PREFIX) || isLaravelOwner(text);
}

const SERIALIZERS = [undefined, 'php', 'igbinary', 'msgpack', 'json'] as const;
const COMPRESSIONS: ReadonlyArray<RedisCompression | undefined> = [undefined, 'lzf', 'zstd', 'lz4'];

/** Every serializer and compression of phpredis, and JSON. */
async function alternatives(): Promise<readonly Alternative[]> {
  const [{ openPacking }, { openCodec }] = await Promise.all([
    import('../packing.js'),
    import('../../../codecs/open.js'),
  ]);
  const found: Alternative[] = [];
  for (const compression of COMPRESSIONS) {
    for (const serializer of SERIALIZERS) {
      const options = { ...(serializer && { serializer }), ...(compression && { compression }) };
      const { values } = await openPacking(options, openCodec('php'));
      const parts = [`serializer: ${serializer ?? 'none'}`, `compression: ${compression ?? 'none'}`];
      found.push({ settings: `codec: php, ${parts.join(', ')}`, decode: (stored) => values.decode(stored) });
    }

    const options = compression && { compression };
    const { values } = await openPacking({ ...options }, openCodec('json'));
    const settings = `codec: json${compression === undefined ? '' : `, compression: ${compression}`}`;
    found.push({ settings, decode: (stored) => values.decode(stored) });
  }

  return found;
}
