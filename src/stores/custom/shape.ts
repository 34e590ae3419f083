import type { Capabilities, Store } from '../contract.js';

import { EVENT_TYPES } from '../event-contract.js';

/** What is missing for it to be a store, in a few words. Undefined: nothing. */
export function lackOf(store: unknown): string | undefined {
  if (typeof store !== 'object' || store === null) return `it is ${store === null ? 'null' : typeof store}`;
  const members = store as Readonly<Record<string, unknown>>;
  const method = METHODS.find((name) => typeof members[name] !== 'function');
  if (method !== undefined) return `it has no ${method}()`;
  const text = TEXTS.find((name) => typeof members[name] !== 'string');
  if (text !== undefined) return `it has no ${text}, or one that is not text`;
  if (members.diagnose !== undefined && typeof members.diagnose !== 'function') return 'its diagnose is no method';
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

const TEXTS = ['driver', 'location', 'prefix'] as const satisfies ReadonlyArray<keyof Store>;

const FLAGS = ['listing', 'ttls', 'tags', 'countsTagged', 'locks'] as const satisfies ReadonlyArray<keyof Capabilities>;

function lackOfCapabilities(capabilities: unknown): string | undefined {
  if (typeof capabilities !== 'object' || capabilities === null) return 'it declares no capabilities';
  const declared = capabilities as Readonly<Record<string, unknown>>;
  const flag = FLAGS.find((name) => typeof declared[name] !== 'boolean');
  if (flag !== undefined) return `its capabilities do not say ${flag}: true or false`;
  const { events, locksToldFromEntries: told } = declared;
  const types: readonly unknown[] = EVENT_TYPES;
  if (!Array.isArray(events) || !events.every((type) => types.includes(type))) {
    return 'its capabilities have no list of types of events';
  }

  return told === 'apart' || told === 'by-form'
    ? undefined
    : "its capabilities do not say locksToldFromEntries: 'apart' or 'by-form'";
}
