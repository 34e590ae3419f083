import { randomBytes } from 'node:crypto';

import type { Entry, Finding, Store, Ttl } from '../../stores/contract/store.js';

import { integer, string } from '../../codecs/value.js';
import { CachectlError, InterruptedError, UnreachableError } from '../../errors.js';
import { failed, ok, skipped } from '../../stores/doctor/findings.js';
import { newOwner } from '../../stores/locks/owner.js';
import { tagSetKey } from '../../stores/tags/names.js';

/** Seconds: what a killed doctor leaves is gone by then. */
const TTL = 60;

/** What comes of one part. */
interface Part {
  readonly subject: string;
  /** Where it writes. */
  readonly place: 'entries' | 'locks' | 'tags';
  isAble(store: Store): boolean;
  /** What was seen to work. @throws WrongAnswer, CachectlError */
  run(scratch: Scratch): Promise<string>;
  /** Whatever it wrote, however far it came. */
  clean(scratch: Scratch): Promise<void>;
}

/** Names of this run's own, under the profile's prefix, and the store that they are for. */
interface Scratch {
  readonly store: Store;
  readonly key: string;
  readonly counter: string;
  readonly tag: string;
  readonly lock: string;
  readonly owner: string;
  /** @throws InterruptedError */
  go(): void;
}

/**
 * Writes, reads, counts, tags and locks under names that nobody has, and leaves nothing behind: not when a part fails, and
 * not on Ctrl-C. What a first write would have to make, such as a file or a table, is not made; that part is skipped.
 * @throws InterruptedError
 */
export async function* roundTrip(store: Store, signal: AbortSignal): AsyncGenerator<Finding> {
  const id = `cachectl:doctor:${randomBytes(6).toString('hex')}`;
  const scratch: Scratch = {
    store,
    key: id,
    counter: `${id}:counter`,
    tag: id,
    lock: `${id}:lock`,
    owner: newOwner(),
    go() {
      if (signal.aborted) throw new InterruptedError('interrupted; the scratch key was removed', '');
    },
  };
  for (const part of PARTS) {
    scratch.go();
    const finding = await attempt(part, scratch);
    yield finding;
    // A store that went away is not asked three times more.
    if (finding.cause instanceof UnreachableError || finding.cause?.code === 'timeout') return;
  }
}

/** The parts are the same for every store, so that one that differs shows. */
const PARTS: readonly Part[] = [
  {
    subject: 'writing',
    place: 'entries',
    isAble: () => true,
    async run({ store, key, go }) {
      const text = 'cachectl doctor: žluťoučký 🐎';
      await store.put(key, string(text), TTL);
      go();
      const entry = await store.get(key);
      const value = entry?.decode();
      expectSame('get of a key that was put', value?.type === 'string' ? value.value.toString() : value?.type, text);
      if (store.traits.ttls) expectTtl(entry!.ttl);
      expectSame('add of a key that exists', await store.add(key, string('another'), TTL), false);
      go();
      expectSame('touch of a key that exists', await store.touch(key, TTL), true);
      expectSame('forget of a key that exists', (await store.forget([key]))[0], true);
      expectMiss('get of a key that was forgotten', await store.get(key));
      return 'an entry was put, read back, kept by add, touched and forgotten';
    },
    clean: async ({ store, key }) => forget(store, [key]),
  },
  {
    subject: 'counting',
    place: 'entries',
    isAble: () => true,
    async run({ store, counter, go }) {
      await store.put(counter, integer(1), TTL);
      go();
      expectSame('1 incremented by 2', await store.increment(counter, 2n), 3n);
      if (store.traits.ttls) expectTtl((await store.get(counter))?.ttl);
      go();
      await store.pull(counter);
      expectMiss('get of a key that was pulled', await store.get(counter));
      return 'a number was incremented with its TTL kept, and pulled';
    },
    clean: async ({ store, counter }) => forget(store, [counter]),
  },
  {
    subject: 'tags',
    place: 'tags',
    isAble: (store) => store.supports('tags'),
    async run({ store, tag, key, go }) {
      const tagged = store.tags([tag]);
      await tagged.put(key, string('tagged'), TTL);
      go();
      expectSame('get of a tagged entry', (await tagged.get(key)) === undefined, false);
      const flushed = await tagged.flush({ dryRun: false });
      if (store.traits.countsTagged) expectSame('entries removed by a flush of the tag', flushed, 1);
      expectMiss('get of an entry whose tag was flushed', await tagged.get(key));
      return 'a tagged entry was put, read back and flushed by its tag';
    },
    async clean({ store, tag, key }) {
      await forget(store.tags([tag]), [key]);
      // The bookkeeping of Redis and of Memcached; to the others these are keys that nobody has.
      await forget(store, [tagSetKey(tag), `tag:${tag}:key`]);
    },
  },
  {
    subject: 'locks',
    place: 'locks',
    isAble: (store) => store.supports('lock'),
    async run({ store, lock: name, owner, go }) {
      const lock = store.lock(name);
      expectSame('acquire of a lock that is free', await lock.acquire(owner, TTL), true);
      go();
      expectSame('acquire of a lock that is held', await lock.acquire(`${owner}x`, TTL), false);
      const holder = await lock.holder();
      expectSame('its holder', holder?.owner, owner);
      if (store.traits.ttls) expectTtl(holder!.ttl);
      go();
      expectSame('refresh by its owner', await lock.refresh(owner, TTL), true);
      expectSame('release by another', await lock.release(`${owner}x`), false);
      expectSame('release by its owner', await lock.release(owner), true);
      return 'one was acquired, refused to another, refreshed and released';
    },
    // Nobody else has a lock of this name, and DEL may be allowed where a release by owner is not.
    async clean({ store, lock }) {
      await store.lock(lock).forceRelease();
    },
  },
];

async function attempt(part: Part, scratch: Scratch): Promise<Finding> {
  const { subject, place, isAble } = part;
  const { store } = scratch;
  if (!isAble(store)) return skipped(subject, `the ${store.driver} store has none`);
  try {
    const lacking = await store.unmade?.(place);
    if (lacking !== undefined) return skipped(subject, `${lacking} does not exist yet, and doctor does not create it`);
    return await ran(part, scratch);
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    if (error instanceof WrongAnswer) return { subject, state: 'fault', message: error.message, hint: WRONG_HINT };
    if (error instanceof CachectlError) return failed(subject, error);
    throw error;
  }
}

async function ran(part: Part, scratch: Scratch): Promise<Finding> {
  let hasRun = false;
  try {
    const message = await part.run(scratch);
    hasRun = true;
    return ok(part.subject, message);
  } finally {
    // Of a part that failed, that is what is told; what it left goes by its ttl.
    await part.clean(scratch).catch((error: unknown) => {
      if (hasRun || !(error instanceof CachectlError)) throw error;
    });
  }
}

/** The store did something else than it should. */
class WrongAnswer extends Error {}

const WRONG_HINT =
  'Another program may use the same keys, or a proxy may change the traffic. Run doctor again, with DEBUG=1 if it persists.';

function expectSame(what: string, given: unknown, expected: unknown): void {
  if (given !== expected) throw new WrongAnswer(`${what}: got ${String(given)} instead of ${String(expected)}`);
}

function expectMiss(what: string, entry: Entry | undefined): void {
  if (entry !== undefined) throw new WrongAnswer(`${what}: it still exists`);
}

function expectTtl(ttl: Ttl | undefined): void {
  const isRight = typeof ttl === 'number' && ttl > 0 && ttl <= TTL + 1;
  if (!isRight) throw new WrongAnswer(`an entry put with a TTL of ${TTL} s has ${String(ttl)}`);
}

async function forget(of: Pick<Store, 'forget'>, keys: readonly string[]): Promise<void> {
  await of.forget(keys);
}

/** Why nothing is written at all; undefined when it may be. */
export function whyReadOnly(
  { name, protected: isProtected }: { readonly name: string; readonly protected: boolean },
  flags: { readonly 'read-only': boolean; readonly yes: boolean; readonly confirm?: string | undefined },
): Finding | undefined {
  if (flags['read-only']) return skipped('writing', '--read-only: no scratch entry, counter, tag or lock is written');
  if (!isProtected || (flags.yes && flags.confirm === name)) return undefined;
  return skipped(
    'writing',
    `profile ${name} is protected, so no scratch entry, counter, tag or lock is written`,
    `To write and remove them: doctor --yes --confirm ${name}`,
  );
}
