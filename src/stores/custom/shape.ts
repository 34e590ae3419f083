import type { Capabilities, Store } from '../contract/store.js';

import { EVENT_TYPES, type EventSource, type EventType } from '../contract/events.js';

/** What is missing for it to be a store, in a few words. Undefined: nothing. */
export function lackOf(store: unknown): string | undefined {
  if (typeof store !== 'object' || store === null) return `it is ${store === null ? 'null' : typeof store}`;
  const members = store as Readonly<Record<string, unknown>>;
  const method = METHODS.find((name) => typeof members[name] !== 'function');
  if (method !== undefined) return `it has no ${method}()`;
  const text = TEXTS.find((name) => typeof members[name] !== 'string');
  if (text !== undefined) return `it has no ${text}, or one that is not text`;
  const odd = OPTIONAL.find((name) => members[name] !== undefined && typeof members[name] !== 'function');
  if (odd !== undefined) return `its ${odd} is no method`;
  return lackOfCapabilities(members.capabilities);
}

const METHODS = [
  'get',
  'many',
  'put',
  'putMany',
  'add',
  'increment',
  'touch',
  'forget',
  'pull',
  'keys',
  'flush',
  'tags',
  'lock',
  'events',
  'close',
] as const satisfies ReadonlyArray<keyof Store>;

const OPTIONAL = [
  'count',
  'diagnose',
  'doubt',
  'entries',
  'flushOnly',
  'inspect',
  'locks',
  'putStored',
  'reach',
  'reconnect',
  'sample',
  'serverTime',
  'stats',
  'tagIndex',
  'unmade',
  'watchLocks',
] as const satisfies ReadonlyArray<keyof Store>;

const TEXTS = ['driver', 'location', 'prefix'] as const satisfies ReadonlyArray<keyof Store>;

const FLAGS = ['listing', 'ttls', 'tags', 'countsTagged', 'locks'] as const satisfies ReadonlyArray<keyof Capabilities>;

function lackOfCapabilities(capabilities: unknown): string | undefined {
  if (typeof capabilities !== 'object' || capabilities === null) return 'it declares no capabilities';
  const declared = capabilities as Readonly<Record<string, unknown>>;
  const flag = FLAGS.find((name) => typeof declared[name] !== 'boolean');
  if (flag !== undefined) return `its capabilities do not say ${flag}: true or false`;
  const { events, eventSources, locksToldFromEntries: told } = declared;
  if (!areTypes(events)) return 'its capabilities have no list of types of events';
  const lack = eventSources === undefined ? undefined : lackOfSources(eventSources, events);
  if (lack !== undefined) return lack;
  return told === 'apart' || told === 'by-form'
    ? undefined
    : "its capabilities do not say locksToldFromEntries: 'apart' or 'by-form'";
}

function lackOfSources(sources: unknown, events: readonly unknown[]): string | undefined {
  if (!Array.isArray(sources) || sources.length === 0) return 'its eventSources are no list of at least one';
  if (!sources.every((source) => isSource(source))) {
    return 'its eventSources are not all { name, types, clients, tags }: small letters, digits and dashes; types of events; true or false twice';
  }

  const names = sources.map(({ name }) => name);
  if (new Set(names).size < names.length) return 'two of its eventSources have one name';
  const [{ types }] = sources as [EventSource];
  const isSame = types.length === events.length && types.every((type) => events.includes(type));
  return isSame ? undefined : 'its events are not those of the first of its eventSources';
}

function isSource(source: unknown): source is EventSource {
  if (typeof source !== 'object' || source === null) return false;
  const { name, types, clients, tags } = source as Readonly<Record<string, unknown>>;
  const isNamed = typeof name === 'string' && /^[a-z][\da-z-]*$/.test(name);
  return isNamed && areTypes(types) && typeof clients === 'boolean' && typeof tags === 'boolean';
}

function areTypes(types: unknown): types is readonly EventType[] {
  const known: readonly unknown[] = EVENT_TYPES;
  return Array.isArray(types) && types.every((type) => known.includes(type));
}
