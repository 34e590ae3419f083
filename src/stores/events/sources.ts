import type { EventSource, EventType } from '../contract/events.js';

import { UnsupportedError } from '../../errors.js';

interface Declared {
  readonly driver: string;
  readonly capabilities: {
    readonly events: readonly EventType[];
    readonly eventSources?: readonly EventSource[];
  };
}

/** The event sources of a store, the cheapest for its server first. */
export function eventSourcesOf({ driver, capabilities }: Declared): readonly EventSource[] {
  const { events, eventSources } = capabilities;
  if (eventSources !== undefined) return eventSources;
  return events.length === 0 ? [] : [{ name: driver, types: events, clients: false, tags: false }];
}

/** Find a source by name; by default the first. @throws UnsupportedError */
export function eventSourceNamed(
  driver: string,
  sources: readonly EventSource[],
  name = sources[0]?.name,
): EventSource {
  const source = sources.find((each) => each.name === name);
  if (source !== undefined) return source;
  const names = sources.map((each) => each.name);
  throw new UnsupportedError(
    name === undefined
      ? `the ${driver} store has no events`
      : `the ${driver} store has no source of events named ${name}`,
    names.length === 0 ? 'Use a profile of another store.' : `It has ${names.join(', ')}.`,
  );
}
