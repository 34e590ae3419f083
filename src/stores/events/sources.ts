import type { EventSource } from '../contract/events.js';

import { UnsupportedError } from '../../errors.js';

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
    name === undefined ? `the ${driver} store has no events` : `the ${driver} store has no event source named ${name}`,
    names.length === 0 ? 'Use a profile of another store.' : `It has ${names.join(', ')}.`,
  );
}
