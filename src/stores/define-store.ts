import type { Repository, Store } from './contract/store.js';

/** A driver's store. Its parts are loaded on first use, and the streams that it opened are stopped when it is closed. */
export function defineStore<Context>({ context, entries, parts, close, ...members }: StoreDefinition<Context>): Store {
  const streams = new Set<Stoppable>();
  return {
    ...members,
    ...repositoryMembers(entries),
    ...lazyMembers(context, parts, streams),
    async close() {
      await Promise.all([...streams].map(async (stream) => stream.stop()));
      await close();
    },
  };
}

export interface StoreDefinition<Context> extends Omit<Store, PartName | keyof Repository> {
  /** The first argument of each part. */
  readonly context: Context;
  /** Reads and writes entries without tags. */
  readonly entries: Repository;
  readonly parts: Parts<Context>;
  /** Called after the streams were stopped. Never hangs, never throws. */
  close(): Promise<void>;
}

/** By name, what loads a member of the store. */
export type Parts<Context> = { readonly [Name in OptionalPart]?: Part<Context, Name> } & {
  readonly [Name in RequiredPart]: Part<Context, Name>;
};

type RequiredPart = 'events' | 'flush' | 'keys';

type OptionalPart =
  | 'count'
  | 'diagnose'
  | 'doubt'
  | 'entries'
  | 'flushOnly'
  | 'inspect'
  | 'locks'
  | 'reach'
  | 'sample'
  | 'serverTime'
  | 'stats'
  | 'tagIndex'
  | 'unmade'
  | 'watchLocks';

type PartName = OptionalPart | RequiredPart;

/** These open a stream. */
type StreamPart = 'events' | 'watchLocks';

/** These return an iterable, and all others a promise. */
type IterablePart = 'diagnose' | 'entries' | 'keys' | 'locks' | 'reach';

type Member<Name extends PartName> = NonNullable<Store[Name]>;

type Part<Context, Name extends PartName> = () => Promise<
  (
    context: Context,
    ...args: Parameters<Member<Name>>
  ) => Name extends StreamPart
    ? Promise<Awaited<ReturnType<Member<Name>>> & Stoppable>
    : Awaited<ReturnType<Member<Name>>> | ReturnType<Member<Name>>
>;

interface Stoppable {
  stop(): Promise<void> | void;
}

const ITERABLES: readonly string[] = ['diagnose', 'entries', 'keys', 'locks', 'reach'] satisfies IterablePart[];
const STREAMS: readonly string[] = ['events', 'watchLocks'] satisfies StreamPart[];

type AnyPart = () => Promise<(...args: unknown[]) => unknown>;

function lazyMembers<Context>(context: Context, parts: Parts<Context>, streams: Set<Stoppable>): Pick<Store, PartName> {
  const members = Object.entries(parts as Readonly<Record<string, AnyPart>>).map(([name, load]) => {
    const call = async (...args: unknown[]): Promise<unknown> => (await load())(context, ...args);
    const iterate = async function* (...args: unknown[]): AsyncGenerator {
      yield* (await load())(context, ...args) as AsyncIterable<unknown>;
    };

    const open = async (...args: unknown[]): Promise<unknown> => {
      const stream = (await call(...args)) as Stoppable;
      streams.add(stream);
      return stream;
    };

    if (ITERABLES.includes(name)) return [name, iterate];
    return [name, STREAMS.includes(name) ? open : call];
  });
  return Object.fromEntries(members) as Pick<Store, PartName>;
}

function repositoryMembers(entries: Repository): Repository {
  const { storedForm } = entries;
  return {
    get: async (key) => entries.get(key),
    many: async (keys) => entries.many(keys),
    put: async (key, value, ttl) => entries.put(key, value, ttl),
    putMany: async (all, options) => entries.putMany(all, options),
    add: async (key, value, ttl, flags) => entries.add(key, value, ttl, flags),
    increment: async (key, by) => entries.increment(key, by),
    touch: async (key, ttl) => entries.touch(key, ttl),
    forget: async (keys) => entries.forget(keys),
    pull: async (key) => entries.pull(key),
    ...(storedForm !== undefined && { storedForm }),
    ...(entries.putStored && { putStored: async (all, options) => entries.putStored!(all, options) }),
  };
}
