import type { CacheEvent, EventsOptions, EventSource, EventType } from '../../stores/contract/events.js';
import type { Store } from '../../stores/contract/store.js';
import type { EventFlags } from './flags.js';

import { UnsupportedError } from '../../errors.js';
import { eventSourceNamed } from '../../stores/events/sources.js';
import { globMatcher } from '../../stores/listing/glob.js';

/** What a command requires in addition to the flags. */
export interface Needs {
  readonly types?: readonly EventType[];
  readonly tags?: boolean;
  readonly clients?: boolean;
}

/**
 * The source of --source, or the first (cheapest) one that reports everything requested.
 * @throws UnsupportedError if there is none
 */
export function chooseSource(store: Store, flags: EventFlags, needs: Needs = {}): EventSource {
  const { driver } = store;
  const sources = store.eventSources;
  if (flags.source !== undefined || sources.length === 0) {
    const named = eventSourceNamed(driver, sources, flags.source);
    const lacks = lackOf(named, flags, needs);
    if (lacks !== undefined) throw unreported(driver, sources, lacks, named);
    return named;
  }

  const fitting = sources.find((source) => lackOf(source, flags, needs) === undefined);
  if (fitting !== undefined) return fitting;
  throw unreported(driver, sources, lackOf(sources.at(-1)!, flags, needs)!);
}

/** Like `chooseSource`, but prefers a source that reports these types, even if it costs more. */
export function preferSource(store: Store, flags: EventFlags, needs: Needs, types: readonly EventType[]): EventSource {
  if (flags.source !== undefined) return chooseSource(store, flags, needs);
  const wanted = { ...needs, types: [...(needs.types ?? []), ...types] };
  const preferred = store.eventSources.find((source) => lackOf(source, flags, wanted) === undefined);
  return preferred ?? chooseSource(store, flags, needs);
}

/** The flags as options for the driver. */
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

/** The first requested thing that a source does not report. */
function lackOf({ types, clients, tags }: EventSource, flags: EventFlags, needs: Needs): string | undefined {
  const wanted = [...(flags.type ?? []), ...(needs.types ?? [])];
  const missing = [...new Set(wanted)].filter((type) => !types.includes(type));
  if (missing.length > 0) return missing.join(' or ');
  if (!clients && (flags.client !== undefined || needs.clients === true)) return 'clients';
  if (!tags && ((flags.tag ?? []).length > 0 || needs.tags === true)) return 'tags';
  return undefined;
}

function unreported(
  driver: string,
  sources: readonly EventSource[],
  lacks: string,
  named?: EventSource,
): UnsupportedError {
  const what =
    named === undefined || sources.length === 1 ? `the ${driver} store` : `${named.name} of the ${driver} store`;
  return new UnsupportedError(
    `${what} does not report ${lacks}`,
    sources.map((source) => typesText(source, sources)).join(' '),
  );
}

function typesText({ name, types }: EventSource, sources: readonly EventSource[]): string {
  return `${sources.length === 1 ? 'It' : `--source ${name}`} reports ${types.join(', ')}.`;
}
