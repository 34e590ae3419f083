import type { CacheEvent, EventsOptions, EventSource, EventType } from '../../stores/contract/events.js';
import type { Store } from '../../stores/contract/store.js';
import type { EventFlags } from './flags.js';

import { UnsupportedError } from '../../errors.js';
import { eventSourceNamed } from '../../stores/events/sources.js';
import { globMatcher } from '../../stores/listing/glob.js';

/** What a command cannot do without, beyond what was asked for. */
export interface Needs {
  readonly types?: readonly EventType[];
  readonly tags?: boolean;
  readonly clients?: boolean;
}

/**
 * The source that was asked for, or the first (which is the cheapest) that tells all that is.
 * @throws UnsupportedError when none does: waiting for it would be waiting forever
 */
export function chooseSource(store: Store, flags: EventFlags, needs: Needs = {}): EventSource {
  const { driver } = store;
  const sources = store.eventSources;
  if (flags.source !== undefined || sources.length === 0) {
    const named = eventSourceNamed(driver, sources, flags.source);
    const lacks = lackOf(named, flags, needs);
    if (lacks !== undefined) throw untold(driver, sources, lacks, named);
    return named;
  }

  const fitting = sources.find((source) => lackOf(source, flags, needs) === undefined);
  if (fitting !== undefined) return fitting;
  throw untold(driver, sources, lackOf(sources.at(-1)!, flags, needs)!);
}

/** As `chooseSource`, but a dearer source is taken for these types where one tells them. */
export function preferSource(store: Store, flags: EventFlags, needs: Needs, types: readonly EventType[]): EventSource {
  if (flags.source !== undefined) return chooseSource(store, flags, needs);
  const wanted = { ...needs, types: [...(needs.types ?? []), ...types] };
  const telling = store.eventSources.find((source) => lackOf(source, flags, wanted) === undefined);
  return telling ?? chooseSource(store, flags, needs);
}

/** What the driver is to leave out, and what it is to look for. */
export function selectedOptions(
  { type = [], pattern, tag = [], client, 'all-prefixes': everything, enable }: EventFlags,
  needs: Needs = {},
): Omit<EventsOptions, 'signal'> {
  const types = new Set(type);
  const matchesKey = pattern === undefined ? undefined : globMatcher(pattern);
  const isWantedClient = client === undefined ? undefined : globMatcher(client);
  return {
    enable,
    everything,
    tags: tag.length > 0 || needs.tags === true,
    wants: (of, named) =>
      (types.size === 0 || types.has(of)) && (matchesKey === undefined || (named !== undefined && matchesKey(named))),
    matches: (event) =>
      (tag.length === 0 || tag.some((name) => event.tags?.includes(name))) &&
      (isWantedClient === undefined || clientNames(event).some((name) => isWantedClient(name))),
  };
}

function clientNames({ client }: CacheEvent): string[] {
  return [client?.address, client?.name].filter((name) => name !== undefined);
}

/** The first thing that a source does not tell. */
function lackOf({ types, clients, tags }: EventSource, flags: EventFlags, needs: Needs): string | undefined {
  const wanted = [...(flags.type ?? []), ...(needs.types ?? [])];
  const missing = [...new Set(wanted)].filter((type) => !types.includes(type));
  if (missing.length > 0) return missing.join(' or ');
  if (!clients && (flags.client !== undefined || needs.clients === true)) return 'who did it';
  if (!tags && ((flags.tag ?? []).length > 0 || needs.tags === true)) return 'tags';
  return undefined;
}

function untold(driver: string, sources: readonly EventSource[], lacks: string, named?: EventSource): UnsupportedError {
  const what =
    named === undefined || sources.length === 1 ? `the ${driver} store` : `${named.name} of the ${driver} store`;
  return new UnsupportedError(
    `${what} does not tell ${lacks}`,
    sources.map((source) => told(source, sources)).join(' '),
  );
}

function told({ name, types }: EventSource, sources: readonly EventSource[]): string {
  return `${sources.length === 1 ? 'It' : `--source ${name}`} tells ${types.join(', ')}.`;
}
