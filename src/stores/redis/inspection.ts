import type {
  InspectedTags,
  Inspection,
  InspectOptions,
  NearKey,
  OtherKind,
  StoredFormat,
  Usage,
} from '../contract/inspection.js';
import type { Entry } from '../contract/store.js';
import type { Command, Reply } from './client/command.js';
import type { RedisContext } from './context.js';

import { isNumeric } from '../../codecs/php/numeric.js';
import { RefusedError } from '../../errors.js';
import { lockDetector, MAX_OWNER } from '../locks/rule.js';
import { isTagSetKey, taggedKey, tagHashOf, tagOfSetKey, tagSetKey } from '../tags/names.js';
import { inspectedTags } from '../tags/order.js';
import { count, isGone } from './client/replies.js';
import { firstElements } from './elements.js';
import { Entries } from './entries.js';
import { placeOf } from './key-place.js';
import { withoutTouching } from './listing/no-touch.js';
import { ownerOf } from './locks/lock.js';
import { ruleAmongEntries } from './locks/places.js';
import { memberOf } from './tags/members.js';
import { TagResolver } from './tags/resolver.js';

/**
 * Inspect a key without side effects. MEMORY USAGE comes first, because it is the only command that records no miss for
 * an absent key (no `keymiss`, no keyspace_misses). Then OBJECT, which does not count as a use; the value comes last.
 */
export async function inspect(
  context: RedisContext,
  key: string,
  tags?: readonly string[],
  { elements: most = MAX_ELEMENTS }: InspectOptions = {},
): Promise<Inspection> {
  const listedKey = tags === undefined ? key : taggedKey(tags, key);
  const full = context.keys.full(listedKey);
  const seen = await lookAt(context, full);
  const asked = { storedKey: full, listedKey, place: await placeOf(context.connection, full) };
  if (seen === undefined) return { ...asked, near: await nearKeys(context, listedKey) };
  const { type, length, encoding, expiresAt, usage } = seen;
  const known = { ...asked, expiresAt, usage };
  if (type !== 'string') {
    const isTagSet = type === 'zset' && isTagSetKey(listedKey);
    const elements = await firstElements(context.connection, full, { type, most });
    const other: OtherKind = { type, elements, ...(length !== undefined && { length }) };
    return { ...known, other, ...(isTagSet && { tagKept: tagOfSetKey(listedKey) }) };
  }

  const entry = await valueOf(context, listedKey);
  // The key was removed or expired in the meantime.
  if (entry === undefined) return asked;
  const lock = lockOf(context, listedKey, entry.stored);
  const carried = await tagsOf(context, listedKey, tags);
  return {
    ...known,
    entry,
    format: { ...formatOf(context, entry.stored, lock !== undefined), ...(encoding !== undefined && { encoding }) },
    ...(lock !== undefined && { lock }),
    ...(carried !== undefined && { tags: carried }),
  };
}

const MAX_ELEMENTS = 10;

/** What is known without reading the value. */
interface Seen {
  readonly type: string;
  readonly length?: number;
  readonly encoding?: string;
  readonly expiresAt: Date | null;
  readonly usage: Usage;
}

/** Undefined if the key does not exist. Fields whose command is refused are left out. */
async function lookAt(context: RedisContext, full: string): Promise<Seen | undefined> {
  const { connection } = context;
  const [memory] = await connection.batch([['MEMORY', 'USAGE', full]]);
  if (memory === null) return undefined;
  const [encoding, shared, idle, frequency, typeReply, pttl] = await connection.batch([
    ['OBJECT', 'ENCODING', full],
    ['OBJECT', 'REFCOUNT', full],
    ['OBJECT', 'IDLETIME', full],
    ['OBJECT', 'FREQ', full],
    ['TYPE', full],
    ['PTTL', full],
  ]);
  if (typeReply instanceof Error) throw typeReply;
  const type = String(typeReply);
  if (encoding === null || type === 'none' || isGone(pttl!)) return undefined;
  const milliseconds = count(pttl!);
  const lengthCommand = LENGTHS[type];
  const [length] = lengthCommand === undefined ? [null] : await connection.batch([[lengthCommand, full]]);
  const isShared = numberOf(shared!) === SHARED;
  const uses = isShared ? {} : { idle: numberOf(idle!), frequency: numberOf(frequency!) };
  const usage = { ...uses, memory: numberOf(memory!) };
  return {
    type,
    ...(numberOf(length!) !== undefined && { length: numberOf(length!)! }),
    ...(encoding !== undefined && !(encoding instanceof Error) && { encoding: String(encoding) }),
    expiresAt: milliseconds < 0 ? null : new Date(Date.now() + milliseconds),
    usage: Object.fromEntries(Object.entries(usage).filter(([, number]) => number !== undefined)),
  };
}

/** OBJECT REFCOUNT of small numbers, which keys share. Their idle time says nothing about one key. */
const SHARED = 2_147_483_647;

const LENGTHS: Readonly<Record<string, string>> = {
  list: 'LLEN',
  set: 'SCARD',
  zset: 'ZCARD',
  hash: 'HLEN',
  stream: 'XLEN',
};

/** Undefined if the server does not know the number or refuses the command. */
function numberOf(reply: Error | Reply): number | undefined {
  if (reply === null || reply instanceof RefusedError) return undefined;
  return count(reply);
}

async function valueOf(context: RedisContext, listedKey: string): Promise<Entry | undefined> {
  const read: Entry[] = [];
  const reading = withoutTouching(context.connection, async function* () {
    const entry = await new Entries(context).get(listedKey);
    if (entry) yield entry;
  });
  for await (const entry of reading) read.push(entry);
  return read[0];
}

function lockOf(context: RedisContext, name: string, stored: Buffer): Inspection['lock'] {
  const owner = stored.length <= MAX_OWNER ? ownerOf(context.packing.texts, stored) : '';
  const detectedBy = lockDetector(ruleAmongEntries(context))(name, owner);
  return detectedBy && { owner, detectedBy };
}

function formatOf({ packing }: RedisContext, stored: Buffer, isLock: boolean): StoredFormat {
  if (isLock && packing.texts.areBare) return { codec: 'string' };
  const plain = packing.compression?.decompress(stored);
  const codec = packing.values.name !== 'raw' && isNumeric(plain ?? stored) ? 'number' : packing.values.name;
  return {
    codec,
    ...(plain !== undefined && { compression: packing.compression!.name, plainSize: plain.length }),
  };
}

async function tagsOf(
  context: RedisContext,
  listedKey: string,
  given?: readonly string[],
): Promise<InspectedTags | undefined> {
  if (tagHashOf(listedKey) === undefined) return undefined;
  const [names] = given === undefined ? await new TagResolver(context).ofListed([listedKey]) : [given];
  if (names === undefined || names.length === 0) return undefined;
  const members = await Promise.all(
    names.map(async (name) => memberOf(context, context.keys.full(tagSetKey(name)), listedKey)),
  );
  const listing = names.filter((_, index) => members[index] !== undefined);
  return inspectedTags(listedKey, names, listing);
}

/** Keys that would be found without one or both prefixes. */
async function nearKeys({ connection, keys, prefix }: RedisContext, listedKey: string): Promise<readonly NearKey[]> {
  const connectionPrefix = keys.prefix.slice(0, keys.prefix.length - prefix.length);
  const others = new Map([
    [listedKey, 'without prefixes'],
    [connectionPrefix + listedKey, 'without the cache’s prefix'],
    [prefix + listedKey, 'without the connection prefix'],
  ]);
  others.delete(keys.full(listedKey));
  const candidates = [...others].map(([storedKey, difference]) => ({ storedKey, difference }));
  const replies = await connection.batch(candidates.map(({ storedKey }): Command => ['MEMORY', 'USAGE', storedKey]));
  return candidates.filter((_, index) => replies[index] !== null && !(replies[index] instanceof Error));
}
