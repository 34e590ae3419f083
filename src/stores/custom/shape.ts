import type { DriverStore, Traits } from '../contract/store.js';

import { EVENT_TYPES, type EventSource } from '../contract/events.js';

const REQUIRED = [
  'get',
  'many',
  'put',
  'putMany',
  'add',
  'increment',
  'touch',
  'forget',
  'pull',
  'flush',
  'close',
] as const satisfies ReadonlyArray<keyof DriverStore>;

const OPTIONAL = [
  'checkConnection',
  'count',
  'diagnose',
  'doubt',
  'entries',
  'flushOnly',
  'inspect',
  'keys',
  'lock',
  'locks',
  'putStored',
  'reconnect',
  'rename',
  'replace',
  'sample',
  'serverTime',
  'stats',
  'tagIndex',
  'tags',
  'unmade',
  'watchLocks',
] as const satisfies ReadonlyArray<keyof DriverStore>;

const TEXTS = ['driver', 'location', 'prefix'] as const satisfies ReadonlyArray<keyof DriverStore>;

const OTHERS = ['events', 'limits', 'lockLocation', 'storedForm', 'traits'] as const satisfies ReadonlyArray<
  keyof DriverStore
>;

/** What is wrong with a driver's store, for a message; undefined if nothing. */
export function faultOf(store: unknown): string | undefined {
  if (!isRecord(store)) return `it is ${store === null ? 'null' : typeof store}`;
  const method = REQUIRED.find((name) => typeof store[name] !== 'function');
  if (method !== undefined) return `it has no ${method}()`;
  const text = TEXTS.find((name) => typeof store[name] !== 'string');
  if (text !== undefined) return `its ${text} is missing or not a string`;
  const odd = OPTIONAL.find((name) => store[name] !== undefined && typeof store[name] !== 'function');
  if (odd !== undefined) return `its ${odd} is not a function`;
  return faultOfTraits(store.traits) ?? (store.events === undefined ? undefined : faultOfEvents(store.events));
}

/** The members of a driver's store, with methods bound to it, because they may be inherited and use private fields. */
export function membersOf(store: DriverStore): DriverStore {
  const members = [...REQUIRED, ...OPTIONAL, ...TEXTS, ...OTHERS].flatMap((name) => {
    const member: unknown = store[name];
    if (member === undefined) return [];
    return [[name, typeof member === 'function' ? (member.bind(store) as unknown) : member]];
  });
  return Object.fromEntries(members) as DriverStore;
}

function faultOfTraits(traits: unknown): string | undefined {
  if (!isRecord(traits)) return 'its traits are missing';
  const { ttls, lockStorage } = traits as Partial<Record<keyof Traits, unknown>>;
  if (typeof ttls !== 'boolean') return 'its traits.ttls is not true or false';
  return lockStorage === 'separate' || lockStorage === 'among-entries'
    ? undefined
    : "its traits.lockStorage is not 'separate' or 'among-entries'";
}

function faultOfEvents(events: unknown): string | undefined {
  if (!isRecord(events) || typeof events.open !== 'function') return 'it has events without open()';
  const { sources } = events;
  if (!Array.isArray(sources) || sources.length === 0)
    return 'its events.sources is not a list with at least one source';
  if (!sources.every((source) => isSource(source))) {
    return 'an event source is not { name, types, clients, tags }: a name of a-z, 0-9 and dashes; a list of event types; two booleans';
  }

  const names = sources.map(({ name }) => name);
  return new Set(names).size < names.length ? 'two event sources have the same name' : undefined;
}

function isSource(source: unknown): source is EventSource {
  if (!isRecord(source)) return false;
  const { name, types, clients, tags } = source;
  const known: readonly unknown[] = EVENT_TYPES;
  return (
    typeof name === 'string' &&
    /^[a-z][\da-z-]*$/.test(name) &&
    Array.isArray(types) &&
    types.every((type) => known.includes(type)) &&
    typeof clients === 'boolean' &&
    typeof tags === 'boolean'
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
