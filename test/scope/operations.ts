import type { Store } from '../../src/stores/contract/store.js';
import type { Step } from './arbitraries.js';
import type { Expectation } from './fates.js';
import type { Application, RawRecord, World } from './world.js';

import { NotANumberError, RefusedError, UsageError, WrongTypeError } from '../../src/errors.js';
import { renameEntry } from '../../src/features/entries/renaming.js';
import { selectLocks } from '../../src/features/locks/selection.js';
import { copyEntries } from '../../src/features/transfer/copy-entries.js';
import { importEntries } from '../../src/features/transfer/import-entries.js';
import { Tally } from '../../src/features/transfer/tally.js';
import { taggedKey } from '../../src/stores/tags/names.js';
import { changing, entriesAt, isBookkeeping, isTagOf, isTagSet, isUnder, lockAt, short } from './fates.js';

/** Run an operation. Undefined if it does not apply. */
export async function perform(world: World, step: Step): Promise<Expectation | undefined> {
  const application = chosen(world.applications, step.application)!;
  const subject = {
    world,
    step,
    application,
    prefix: application.prefix,
    store: await world.store(application.prefix),
  };
  return OPERATIONS[step.kind](subject);
}

interface Subject {
  readonly world: World;
  readonly step: Step;
  readonly application: Application;
  readonly prefix: string;
  readonly store: Store;
}

type Perform = (subject: Subject) => Promise<Expectation | undefined>;

const REFUSALS = [NotANumberError, RefusedError, UsageError, WrongTypeError];
const UNINTERRUPTED = { signal: new AbortController().signal, onProgress() {}, wantsTotal: false };

const NOTHING: Expectation = { fate: () => 'kept' };

const flushMatching =
  (filter: 'idleFor' | 'largerThan'): Perform =>
  async ({ store, prefix, step: { dryRun, item } }) => {
    if (!store.flushOnly || (filter === 'idleFor' && !store.traits.idleTimes)) return;
    await store.flushOnly({ [filter]: filter === 'idleFor' ? 1 : item * 20 }, { dryRun });
    return dryRun
      ? NOTHING
      : {
          fate: (record) =>
            isUnder(prefix, record) && record.place !== 'locks' && !isTagSet(record) ? 'free' : 'kept',
        };
  };

const OPERATIONS: Readonly<Record<Step['kind'], Perform>> = {
  async copy({ world, step, store, prefix }) {
    const to = chosen(world.applications, step.other)!.prefix;
    if (!store.entries || to.startsWith(prefix)) return;
    const tally = new Tally();
    const options = { pattern: step.pattern.glob, ifAbsent: step.isOn, dryRun: step.dryRun, tally, total: undefined };
    await copyEntries(store, await world.store(to), options, UNINTERRUPTED);
    if (step.dryRun) return NOTHING;
    const isCopy = (record: RawRecord): boolean => isUnder(to, record) && record.place !== 'locks';
    return { fate: (record) => (isCopy(record) ? 'free' : 'kept'), mayAppear: isCopy };
  },

  async flush({ world, store, prefix, step: { isOn: locks, dryRun } }) {
    const whole = !world.ground.has.has('list');
    if (whole && prefix !== '') return;
    const { removed } = await store.flush({ scope: whole ? 'all' : 'prefix', locks, dryRun });
    if (dryRun) return NOTHING;
    return {
      removed: whole ? undefined : removed,
      fate(record) {
        if (whole) return 'removed';
        if (!isUnder(prefix, record) || (record.place === 'locks' && !locks)) return 'kept';
        return isBookkeeping(record, prefix) ? 'free' : 'removed';
      },
    };
  },

  async 'flush --locks-only'(subject) {
    return releaseAll(subject, {});
  },

  async 'flush --pattern'({ store, prefix, step: { pattern, dryRun } }) {
    if (!store.flushOnly) return;
    const { removed } = await store.flushOnly({ pattern: pattern.glob }, { dryRun });
    if (dryRun) return NOTHING;
    return {
      removed,
      fate(record) {
        if (!isUnder(prefix, record) || record.place === 'locks' || !pattern.matches(short(prefix, record)))
          return 'kept';
        // A tag of a longer prefix may still list it, until tags:prune.
        if (record.tag !== undefined) return 'free';
        return isBookkeeping(record, prefix) || isTagSet(record) ? 'kept' : 'removed';
      },
    };
  },

  'flush --larger-than': flushMatching('largerThan'),
  'flush --idle-for': flushMatching('idleFor'),

  async forget({ store, application, prefix, step: { item, name } }) {
    const keys = new Set([chosen(application.keys, item)!, name]);
    if (!(await isAllowed(store.forget([...keys])))) return NOTHING;
    return { fate: entriesAt([...keys].map((key) => prefix + key)) };
  },

  async 'forget --tags'({ world, store, application, prefix, step: { item } }) {
    const one = chosen(application.tagged, item);
    if (one === undefined || !world.ground.has.has('tags')) return;
    const key = await taggedAt(world, store, prefix, one);
    if (!(await isAllowed(store.tags(one.tags).forget([one.key])))) return NOTHING;
    return { fate: (record) => (isTagOf(record, prefix) ? 'free' : entriesAt([key])(record)) };
  },

  async import({ store, application, prefix, step: { item, isOn, name, dryRun } }) {
    const keys = [chosen(application.keys, item)!, name];
    const text = keys.map((key) => `${JSON.stringify({ key, value: 'imported', expires: null })}\n`).join('');
    const input = {
      file: undefined,
      size: undefined,
      async *chunks() {
        yield Buffer.from(text);
      },
      async close() {},
    };
    const options = {
      ttl: 60,
      ifAbsent: isOn,
      skipBad: false,
      dryRun,
      start: { offset: 0, lines: 0 },
      checkpoint: undefined,
      tally: new Tally(),
    };
    await importEntries(store, input, options, UNINTERRUPTED);
    if (dryRun) return NOTHING;
    return changing(keys.map((key) => prefix + key));
  },

  async increment({ store, prefix, step: { name } }) {
    return (await isAllowed(store.increment(name, 1n))) ? changing([prefix + name]) : NOTHING;
  },

  async 'lock:release'({ world, store, application, prefix, step: { item, name, isOn } }) {
    const lock = chosen(application.locks, item);
    if (lock === undefined || !world.ground.has.has('lock')) return;
    const isOwner = await isAllowed(store.lock(isOn ? lock.name : name).release(lock.owner));
    return isOwner ? { fate: lockAt(lockKey(world, prefix, isOn ? lock.name : name), 'free') } : NOTHING;
  },

  async 'lock:release --force'({ world, store, application, prefix, step: { item, name, isOn } }) {
    const lock = chosen(application.locks, item);
    if (lock === undefined || !world.ground.has.has('lock')) return;
    const target = isOn ? lock.name : name;
    return (await isAllowed(store.lock(target).forceRelease()))
      ? { fate: lockAt(lockKey(world, prefix, target), 'removed') }
      : NOTHING;
  },

  async 'lock:release --stuck'(subject) {
    return releaseAll(subject, { pattern: subject.step.pattern.glob, stuckFor: 0 });
  },

  async pull({ store, application, prefix, step: { item } }) {
    const key = chosen(application.keys, item)!;
    return (await isAllowed(store.pull(key))) ? { fate: entriesAt([prefix + key]) } : NOTHING;
  },

  async rename({ store, application, prefix, step: { item, name, isOn } }) {
    const from = chosen(application.keys, item)!;
    const ends = [prefix + from, prefix + name];
    try {
      await renameEntry(store, from, name, { overwrite: isOn });
    } catch (error) {
      if (error instanceof UsageError || error instanceof RefusedError) return NOTHING;
      throw error;
    }

    return changing(ends);
  },

  async 'tags:flush'({ world, store, application, prefix, step: { item, isOn, name, dryRun } }) {
    if (!world.ground.has.has('tags')) return;
    const some = chosen(application.tagged, item)?.tags ?? [];
    const names = isOn ? [name, ...some] : some;
    if (names.length === 0) return;
    const flushed = application.tagged.filter(({ tags }) => tags.some((tag) => names.includes(tag)));
    const removed = await unlessUsage(store.tags(names).flush({ dryRun }));
    if (dryRun || removed === 'refused') return NOTHING;
    const keys = flushed.map(({ tags, key }) => prefix + taggedKey(tags, key));
    const isIndex = (record: RawRecord): boolean =>
      isTagOf(record, prefix) && (record.tag === undefined || keys.includes(record.key.toString()));
    return {
      removed: world.ground.has.has('flushTagged') ? removed : undefined,
      fate(record) {
        if (isIndex(record)) return 'free';
        return world.ground.has.has('flushTagged') ? entriesAt(keys)(record) : 'kept';
      },
      mayAppear: (record) => isIndex(record),
    };
  },

  async 'tags:prune'({ world, store, application, prefix, step: { item, dryRun } }) {
    if (!store.tagIndex) return;
    const one = chosen(application.tagged, item);
    const key = one && (await taggedAt(world, store, prefix, one));
    // Its tags list it, although it is gone.
    if (key !== undefined) await isAllowed(store.forget([key.slice(prefix.length)]));
    const index = await store.tagIndex();
    await index.prune({ deep: true, dryRun });
    if (!dryRun) {
      for await (const page of index.tags({ deep: true })) {
        if (page.some(({ stale = 0 }) => stale > 0)) throw new Error('tags:prune left stale members');
      }
    }

    return {
      fate: (record) => (isTagOf(record, prefix) ? 'free' : key === undefined ? 'kept' : entriesAt([key])(record)),
    };
  },

  async touch({ store, application, prefix, step: { item } }) {
    const key = chosen(application.keys, item)!;
    return (await isAllowed(store.touch(key, 7000))) ? changing([prefix + key]) : NOTHING;
  },
};

/** What `lock:release --stuck` and `flush --locks-only` do after the prompt. */
async function releaseAll(
  { world, store, prefix, step }: Subject,
  selection: { readonly pattern?: string; readonly stuckFor?: number },
): Promise<Expectation | undefined> {
  if (!world.ground.has.has('lock') || !store.locks) return;
  const interruption = { signal: new AbortController().signal, by: undefined };
  for await (const { name, owner } of selectLocks({ store, interruption }, selection)) {
    await store.lock(name).release(owner);
  }

  return {
    fate(record) {
      if (record.place !== 'locks' || !isUnder(prefix, record)) return 'kept';
      return selection.pattern === undefined || step.pattern.matches(short(prefix, record)) ? 'removed' : 'kept';
    },
  };
}

function lockKey({ ground: { lockHead = '' } }: World, prefix: string, name: string): string {
  return prefix + lockHead + name;
}

/** Memcached hashes ids of tags, not names. */
async function taggedAt(
  world: World,
  store: Store,
  prefix: string,
  one: Application['tagged'][number],
): Promise<string> {
  if (world.ground.has.has('flushTagged')) return prefix + taggedKey(one.tags, one.key);
  return prefix + ((await store.tags(one.tags).keyOf!(one.key)) ?? 'none');
}

async function unlessUsage<T>(work: Promise<T>): Promise<'refused' | T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof UsageError) return 'refused';
    throw error;
  }
}

/** False if the store refuses the key, or if the answer is no. */
async function isAllowed(work: Promise<unknown>): Promise<boolean> {
  try {
    return (await work) !== false;
  } catch (error) {
    if (REFUSALS.some((kind) => error instanceof kind)) return false;
    throw error;
  }
}

function chosen<T>(items: readonly T[], number: number): T | undefined {
  return items[number % items.length];
}
