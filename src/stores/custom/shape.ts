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
  'reach',
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

/** What is wrong with a driver's store, in a few words; undefined if nothing. */
export function faultOf(store: unknown): string | undefined {
  if (!isRecord(store)) return `it is ${store === null ? 'null' : typeof store}`;
  const method = REQUIRED.find((name) => typeof store[name] !== 'function');
  if (method !== undefined) return `it has no ${method}()`;
  const text = TEXTS.find((name) => typeof store[name] !== 'string');
  if (text !== undefined) return `it has no ${text}, or one that is not text`;
  const odd = OPTIONAL.find((name) => store[name] !== undefined && typeof store[name] !== 'function');
  if (odd !== undefined) return `its ${odd} is no method`;
  return faultOfTraits(store.traits) ?? (store.events === undefined ? undefined : faultOfEvents(store.events));
}

/** The members of a driver's store, its methods bound to it: they may be inherited, and use private fields. */
export function membersOf(store: DriverStore): DriverStore {
  const members = [...REQUIRED, ...OPTIONAL, ...TEXTS, ...OTHERS].flatMap((name) => {
    const member: unknown = store[name];
    if (member === undefined) return [];
    return [[name, typeof member === 'function' ? (member.bind(store) as unknown) : member]];
  });
  return Object.fromEntries(members) as DriverStore;
}

function faultOfTraits(traits: unknown): string | undefined {
  if (!isRecord(traits)) return 'it has no traits';
  const { ttls, locksToldFromEntries: told } = traits as Partial<Record<keyof Traits, unknown>>;
  if (typeof ttls !== 'boolean') return 'its traits do not say ttls: true or false';
  return told === 'apart' || told === 'by-form'
    ? undefined
    : "its traits do not say locksToldFromEntries: 'apart' or 'by-form'";
}

function faultOfEvents(events: unknown): string | undefined {
  if (!isRecord(events) || typeof events.open !== 'function') return 'its events have no open()';
  const { sources } = events;
  if (!Array.isArray(sources) || sources.length === 0) return 'its events have no list of sources';
  if (!sources.every((source) => isSource(source))) {
    return 'its sources of events are not all { name, types, clients, tags }: small letters, digits and dashes; types of events; true or false twice';
  }

  const names = sources.map(({ name }) => name);
  return new Set(names).size < names.length ? 'two of its sources of events have one name' : undefined;
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
