import type { Work } from '../../runtime/store-command.js';
import type { CacheEvent, EventsOptions, EventStream } from '../../stores/contract/events.js';
import type { EventFlags } from './flags.js';

import { UnsupportedError } from '../../errors.js';
import { formatPreciseDuration } from '../../terminal/durations.js';
import { note, warn } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { chooseSource, type Needs, selectedOptions } from './selection.js';

/** The selected events, until the time limit or `end`. */
export interface EventFeed {
  /** The name for `--source`. */
  readonly source: string;
  readonly stream: EventStream;
  /** End the feed after the queued events. */
  end(): void;
  /** Aborted when the feed ends, for any reason. */
  readonly signal: AbortSignal;
  /** The number of events that are known to be missed, and the number of gaps with an unknown number of events. */
  gaps(): { readonly events: number; readonly unknown: number };
}

/** Open the feed and pass it to `use`. Restores the server's settings in every case. */
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
      warn(`${why.message}; reconnecting`);
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

/** Warn about dropped events. @returns whether any event was missed */
export function reportGaps({ stream, gaps }: EventFeed): boolean {
  const { dropped = 0 } = stream;
  if (dropped > 0) warn(`${count(dropped)} events were dropped: they arrived faster than they were read`);
  const { events, unknown } = gaps();
  return events + unknown > 0;
}

/** The server's settings may exclude types of the source. Waiting for them would take forever. */
function checkTypes({ types }: EventStream, wanted: ReadonlyArray<CacheEvent['type']>, driver: string): void {
  const missing = wanted.filter((type) => !types.includes(type));
  if (missing.length === 0) return;
  throw new UnsupportedError(
    `the ${driver} store does not report ${missing.join(' or ')}`,
    types.length === 0 ? 'It reports no events.' : `It reports ${types.join(', ')}.`,
  );
}
