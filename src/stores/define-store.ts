import type { EventSource, EventStream, SourceOptions } from './contract/events.js';
import type { DriverStore, Repository, Store } from './contract/store.js';

import { completeStore } from './complete-store.js';

/** Build a store from parts that are loaded on first use. Streams that it opened are stopped when it is closed. */
export function defineStore<Context>({
  context,
  entries,
  parts,
  events,
  close,
  ...members
}: StoreDefinition<Context>): Store {
  const streams = new Set<Stoppable>();
  const track: Track = (stream) => {
    streams.add(stream);
    return stream;
  };

  return completeStore({
    ...members,
    ...repositoryMembers(entries),
    ...lazyMembers(context, parts, track),
    ...(events && {
      events: {
        sources: events.sources,
        open: async (options) => track(await (await events.open())(context, options)),
      },
    }),
    async close() {
      await Promise.all([...streams].map(async (stream) => stream.stop()));
      await close();
    },
  });
}

export interface StoreDefinition<Context> extends Omit<DriverStore, PartName | 'events' | keyof Repository> {
  /** The first argument of each part. */
  readonly context: Context;
  /** Reads and writes entries without tags. */
  readonly entries: Repository;
  readonly parts: Parts<Context>;
  readonly events?: EventsPart<Context>;
  /** Called after all streams have stopped. Never hangs, never throws. */
  close(): Promise<void>;
}

export interface EventsPart<Context> {
  readonly sources: readonly EventSource[];
  readonly open: () => Promise<(context: Context, options: SourceOptions) => Promise<EventStream & Stoppable>>;
}

/** Loaders of the store's members, by name. */
export type Parts<Context> = { readonly [Name in OptionalPart]?: Part<Context, Name> } & {
  readonly [Name in RequiredPart]: Part<Context, Name>;
};

type RequiredPart = 'flush';

type OptionalPart =
  | 'checkConnection'
  | 'count'
  | 'diagnose'
  | 'doubt'
  | 'entries'
  | 'flushOnly'
  | 'inspect'
  | 'keys'
  | 'locks'
  | 'rename'
  | 'sample'
  | 'serverTime'
  | 'stats'
  | 'tagIndex'
  | 'unmade'
  | 'watchLocks';

type PartName = OptionalPart | RequiredPart;

/** These return an iterable, all others a promise. */
type IterablePart = 'checkConnection' | 'diagnose' | 'entries' | 'keys' | 'locks';

type Member<Name extends PartName> = NonNullable<DriverStore[Name]>;

type Part<Context, Name extends PartName> = () => Promise<
  (
    context: Context,
    ...args: Parameters<Member<Name>>
  ) => Name extends 'watchLocks'
    ? Promise<Awaited<ReturnType<Member<Name>>> & Stoppable>
    : Awaited<ReturnType<Member<Name>>> | ReturnType<Member<Name>>
>;

type Track = <Stream extends Stoppable>(stream: Stream) => Stream;

interface Stoppable {
  stop(): Promise<void> | void;
}

const ITERABLES: readonly string[] = [
  'checkConnection',
  'diagnose',
  'entries',
  'keys',
  'locks',
] satisfies IterablePart[];

type AnyPart = () => Promise<(...args: unknown[]) => unknown>;

function lazyMembers<Context>(context: Context, parts: Parts<Context>, track: Track): Pick<DriverStore, PartName> {
  const members = Object.entries(parts as Readonly<Record<string, AnyPart>>).map(([name, load]) => {
    const call = async (...args: unknown[]): Promise<unknown> => (await load())(context, ...args);
    const iterate = async function* (...args: unknown[]): AsyncGenerator {
      yield* (await load())(context, ...args) as AsyncIterable<unknown>;
    };

    const open = async (...args: unknown[]): Promise<unknown> => track((await call(...args)) as Stoppable);
    if (ITERABLES.includes(name)) return [name, iterate];
    return [name, name === 'watchLocks' ? open : call];
  });
  return Object.fromEntries(members) as Pick<DriverStore, PartName>;
}

function repositoryMembers(entries: Repository): Repository {
  const { storedForm } = entries;
  return {
    get: async (key) => entries.get(key),
    many: async (keys, options) => entries.many(keys, options),
    put: async (key, value, ttl) => entries.put(key, value, ttl),
    putMany: async (all, options) => entries.putMany(all, options),
    add: async (key, value, ttl, flags) => entries.add(key, value, ttl, flags),
    increment: async (key, by) => entries.increment(key, by),
    touch: async (key, ttl) => entries.touch(key, ttl),
    forget: async (keys) => entries.forget(keys),
    pull: async (key) => entries.pull(key),
    ...(storedForm !== undefined && { storedForm }),
    ...(entries.replace && { replace: async (key, expected, value) => entries.replace!(key, expected, value) }),
    ...(entries.putStored && { putStored: async (all, options) => entries.putStored!(all, options) }),
  };
}
