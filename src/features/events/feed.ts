import type { Work } from '../../runtime/store-command.js';
import type { CacheEvent, EventsOptions, EventStream } from '../../stores/contract/events.js';
import type { EventFlags } from './flags.js';

import { UnsupportedError } from '../../errors.js';
import { formatPreciseDuration } from '../../terminal/durations.js';
import { note, warn } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { chooseSource, type Needs, selectedOptions } from './selection.js';

/** Events that were asked for, until the time is over or somebody ends it. */
export interface EventFeed {
  /** What `--source` calls where they come from. */
  readonly source: string;
  readonly stream: EventStream;
  /** Ends it behind what waits to be read. */
  end(): void;
  /** Aborted when it ends, for whatever reason. */
  readonly signal: AbortSignal;
  /** How many events are known to be left out, and of how many gaps nobody knows what was in them. */
  gaps(): { readonly events: number; readonly unknown: number };
}

/** Opens the feed, hands it over, and puts everything back on every way out. */
export async function withEvents<T>(
  { store, interruption }: Work,
  flags: EventFlags,
  needs: Needs,
  use: (feed: EventFeed) => Promise<T>,
): Promise<T> {
  const { name } = chooseSource(store, flags, needs);
  const ended = new AbortController();
  const signal = AbortSignal.any([interruption.signal, ended.signal]);
  let known = 0;
  let unknown = 0;
  const options: EventsOptions = {
    ...selectedOptions(flags, needs),
    source: name,
    signal,
    onLost(why) {
      warn(`${why.message}; trying to get it back`);
    },
    onMissed({ text, events }) {
      if (events === undefined) unknown++;
      else known += events;
      warn(text);
    },
  };
  const stream = await store.events(options);
  const timer = flags.for === undefined ? undefined : setTimeout(() => ended.abort(), flags.for * 1000);
  try {
    checkTypes(stream, [...(flags.type ?? []), ...(needs.types ?? [])], store.driver);
    note(`${stream.source}${flags.for === undefined ? '' : `; for ${formatPreciseDuration(flags.for)}`}`);
    if (stream.warning !== undefined) warn(stream.warning);
    return await use({
      source: name,
      stream,
      end: () => ended.abort(),
      signal,
      gaps: () => ({ events: known + (stream.dropped ?? 0), unknown }),
    });
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}

/** Says what was left out. True when anything was. */
export function sayGaps({ stream, gaps }: EventFeed): boolean {
  const { dropped = 0 } = stream;
  if (dropped > 0) warn(`${count(dropped)} events were left out: they came faster than they were taken`);
  const { events, unknown } = gaps();
  return events + unknown > 0;
}

/** Waiting for what the server never tells, as it is set up, would be waiting forever. */
function checkTypes({ types }: EventStream, wanted: ReadonlyArray<CacheEvent['type']>, driver: string): void {
  const untold = wanted.filter((type) => !types.includes(type));
  if (untold.length === 0) return;
  throw new UnsupportedError(
    `the ${driver} store does not tell ${untold.join(' or ')}`,
    types.length === 0 ? 'It has no events.' : `It tells ${types.join(', ')}.`,
  );
}
