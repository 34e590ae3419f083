import { randomBytes } from 'node:crypto';

import type { Entry, Finding, Store, Ttl } from '../../stores/contract/store.js';

import { integer, string } from '../../codecs/value.js';
import { CachectlError, InterruptedError, UnreachableError } from '../../errors.js';
import { failed, ok, skipped } from '../../stores/doctor/findings.js';
import { newOwner } from '../../stores/locks/owner.js';
import { tagSetKey } from '../../stores/tags/names.js';

/** In seconds. Removes what a killed doctor leaves. */
const TTL = 60;

interface Part {
  readonly subject: string;
  /** Where it writes. */
  readonly place: 'entries' | 'locks' | 'tags';
  isAble(store: Store): boolean;
  /** Returns what was checked. @throws WrongAnswer, CachectlError */
  run(scratch: Scratch): Promise<string>;
  /** Remove everything that `run` may have written. */
  clean(scratch: Scratch): Promise<void>;
}

/** The store, and names under the profile's prefix that only this run uses. */
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
 * Write, read, count, tag and lock under unused names. Removes everything again, also after a failure or Ctrl-C. Skips
 * parts whose first write would create a file, table or collection.
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
    // If the store is lost, the other parts would fail too.
    if (finding.cause instanceof UnreachableError || finding.cause?.code === 'timeout') return;
  }
}

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
      // The tag index of Redis, and the tag id of Memcached. On other stores, these are unused keys.
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
    // Only this run uses the name, and DEL may be permitted where a release by owner is not.
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
    // After a failure, that error is reported; scratch keys that remain expire.
    await part.clean(scratch).catch((error: unknown) => {
      if (hasRun || !(error instanceof CachectlError)) throw error;
    });
  }
}

/** The store did not behave as it should. */
class WrongAnswer extends Error {}

const WRONG_HINT =
  'Another program may use the same keys, or a proxy may change the traffic. Run doctor again, with DEBUG=1 if it persists.';

function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new WrongAnswer(`${what}: got ${String(actual)} instead of ${String(expected)}`);
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

/** Why doctor may not write. Undefined if it may. */
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
