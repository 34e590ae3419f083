import type { Value } from '../../codecs/value.js';
import type { Inspection } from '../../stores/contract/inspection.js';
import type { LockHolder, Store } from '../../stores/contract/store.js';

import { UndecodableError, WrongTypeError } from '../../errors.js';
import { CREATED_HEAD } from '../../stores/entries/flexible-names.js';
import { keyByteLength } from '../../stores/entries/key-text.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { structureText } from '../../stores/entries/structure-text.js';
import { permutations } from '../../stores/tags/names.js';

/** Everything known about a key: its store's inspection, and related keys. */
export interface Inspected extends Inspection {
  /** As given on the command line. */
  readonly key: string;
  readonly value?: Value;
  /** Why an existing key has no value. */
  readonly fault?: Error;
  readonly limiter?: Limiter;
  readonly flexible?: Flexible;
  /** For a miss: a lock of that name, if the store keeps locks apart from entries. */
  readonly lockApart?: LockHolder;
  /** For a miss: tags under which the key exists. Empty for an entry without tags. */
  readonly elsewhere?: ReadonlyArray<readonly string[]>;
}

/** Laravel's rate limiter: the key counts, `<key>:timer` says when that ends. */
export interface Limiter {
  readonly key: string;
  readonly attempts: bigint;
  readonly resetsAt: Date;
}

/** Laravel's Cache::flexible stores the creation time of a value under another key. */
export interface Flexible {
  readonly key: string;
  readonly createdAt: Date;
}

const TIMER = ':timer';

/** With more tags, other orders are not tried. */
const MAX_ORDERED = 4;

export async function inspectKey(store: Store, key: string, tags?: readonly string[]): Promise<Inspected> {
  const inspection = await look(store, key, tags);
  if (isMiss(inspection)) return { ...inspection, key, ...(await whereElse(store, key, tags)) };
  const read = valueOf(inspection);
  const limiter = await limiterOf(store, key, read.value, tags);
  const flexible = await flexibleOf(store, key, read.value, tags);
  return { ...inspection, key, ...read, ...(limiter && { limiter }), ...(flexible && { flexible }) };
}

export function isMiss({ entry, other }: Inspection): boolean {
  return entry === undefined && other === undefined;
}

/** Without `inspect`, use `get`. */
async function look(store: Store, key: string, tags?: readonly string[]): Promise<Inspection> {
  if (store.inspect) {
    // Throws if the store has no tags.
    if (tags !== undefined) store.tags(tags);
    return store.inspect(key, tags);
  }

  const entry = await (tags === undefined ? store : store.tags(tags)).get(key);
  const known = { storedKey: store.prefix + key, listedKey: key, place: { server: store.location } };
  if (entry === undefined) return known;
  const expiresAt = entry.ttl === null ? null : new Date(Date.now() + (entry.ttl ?? 0) * 1000);
  return { ...known, entry, ...(entry.ttl !== undefined && { expiresAt }) };
}

/** A lock's value is its owner, unserialized, so it is no fault if it does not decode. */
function valueOf({ entry, other, lock, tagKept }: Inspection): Pick<Inspected, 'fault' | 'value'> {
  if (entry === undefined) {
    const what = other && structureText(other);
    const hint =
      tagKept === undefined
        ? 'Inspect it with redis-cli.'
        : `To list the entries of the tag: cachectl tags:show ${printKey(tagKept)}`;
    return { fault: new WrongTypeError(`it is a ${what}, not a cache entry`, hint) };
  }

  try {
    return { value: entry.decode() };
  } catch (error) {
    if (!(error instanceof UndecodableError)) throw error;
    return lock === undefined ? { fault: error } : {};
  }
}

async function limiterOf(
  store: Store,
  key: string,
  value: Value | undefined,
  tags?: readonly string[],
): Promise<Limiter | undefined> {
  if (value?.type !== 'integer') return undefined;
  const isTimer = key.endsWith(TIMER);
  const counted = isTimer ? key.slice(0, -TIMER.length) : key;
  const other = counted === '' ? undefined : await integerAt(store, isTimer ? counted : key + TIMER, tags);
  if (other === undefined) return undefined;
  const [attempts, resets] = isTimer ? [other, value.value] : [value.value, other];
  return { key: counted, attempts, resetsAt: new Date(Number(resets) * 1000) };
}

async function flexibleOf(
  store: Store,
  key: string,
  value: Value | undefined,
  tags?: readonly string[],
): Promise<Flexible | undefined> {
  if (key.startsWith(CREATED_HEAD)) {
    return value?.type === 'integer'
      ? { key: key.slice(CREATED_HEAD.length), createdAt: dateOf(value.value) }
      : undefined;
  }

  const created = await integerAt(store, CREATED_HEAD + key, tags);
  return created === undefined ? undefined : { key, createdAt: dateOf(created) };
}

function dateOf(seconds: bigint): Date {
  return new Date(Number(seconds) * 1000);
}

async function integerAt(store: Store, key: string, tags?: readonly string[]): Promise<bigint | undefined> {
  const inspection = await lookIfPossible(store, key, tags);
  const { value } = inspection?.entry === undefined ? {} : valueOf(inspection);
  return value?.type === 'integer' ? value.value : undefined;
}

/** Undefined if the key is too long for this store. */
async function lookIfPossible(store: Store, key: string, tags?: readonly string[]): Promise<Inspection | undefined> {
  const { keyBytes } = store.traits;
  const isTooLong = keyBytes !== undefined && keyByteLength(store.prefix + key) + (tags ? HASH : 0) > keyBytes;
  return isTooLong ? undefined : look(store, key, tags);
}

/** The length of the hash in the key of a tagged entry. */
const HASH = 41;

async function whereElse(
  store: Store,
  key: string,
  tags?: readonly string[],
): Promise<Pick<Inspected, 'elsewhere' | 'lockApart'>> {
  if (tags === undefined) {
    const holder =
      store.supports('lock') && store.traits.lockStorage === 'separate' ? await store.lock(key).holder() : undefined;
    return holder === undefined ? {} : { lockApart: holder };
  }

  const orders = tags.length <= MAX_ORDERED ? permutations(tags) : [];
  const singles = tags.length > 1 ? tags.map((tag) => [tag]) : [];
  const elsewhere: Array<readonly string[]> = [];
  for (const others of [[], ...orders, ...singles].filter((each) => each.join(',') !== tags.join(','))) {
    const found = await lookIfPossible(store, key, others.length === 0 ? undefined : others);
    if (found !== undefined && !isMiss(found)) elsewhere.push(others);
  }

  return elsewhere.length === 0 ? {} : { elsewhere };
}
