import type { CacheEvent, SourceOptions } from '../../contract/events.js';
import type { SqlContext } from '../../sql/context.js';
import type { TriggerPlace } from './trigger-session.js';

import { isPassing, PartialError, RefusedError } from '../../../errors.js';
import { DroppingQueue } from '../../events/queue.js';
import { type Feed, openTail, type Tail } from '../../events/resuming-tail.js';
import { TAILED_ROLES } from '../../sql/events/row-events.js';
import { tidy } from './lapsed-tails.js';
import { TRIGGERS } from './sources.js';

/** @throws RefusedError without `enable` for the source `triggers`, or if the user may not create them */
export async function tail(context: SqlContext, options: SourceOptions): Promise<Tail<CacheEvent>> {
  options.signal.throwIfAborted();
  await tidy(context);
  if (options.source === TRIGGERS.name) return openTriggers(context, options);
  const { openPolls } = await import('../../sql/events/open.js');
  return openPolls(context, options);
}

async function openTriggers(context: SqlContext, options: SourceOptions): Promise<Tail<CacheEvent>> {
  const { entries, locks, profile, tables } = context;
  const names = `${tables.nameOf('cache')} and ${tables.nameOf('locks')}`;
  if (!options.enable) {
    throw new RefusedError(
      `--source triggers adds triggers to ${names} at ${entries.location}`,
      '--enable adds them while this runs, and then removes them. --source poll adds nothing.',
    );
  }

  const { TriggerSession } = await import('./trigger-session.js');
  const queue = new DroppingQueue<CacheEvent>();
  const report = (events: readonly CacheEvent[]): void => {
    for (const event of events) if (options.matches?.(event) !== false) queue.push(event);
  };

  const common = { context, options, report };
  const places: readonly TriggerPlace[] =
    entries === locks || profile.locks === undefined
      ? [{ ...common, connection: entries, server: profile.connection, roles: TAILED_ROLES }]
      : [
          { ...common, connection: entries, server: profile.connection, roles: ['cache'] },
          { ...common, connection: locks, server: profile.locks, roles: ['locks'] },
        ];
  const feeds = places.map((place): Feed => ({
    subject: `changes of ${names}`,
    isTransient: (error) => error instanceof PartialError || isPassing(error),
    async open() {
      await tidy(context);
      return TriggerSession.open(place).catch((error: unknown) => {
        throw withNeeds(error);
      });
    },
  }));
  return openTail(feeds, queue, options, () => ({
    source: `triggers, added to ${names} and removed at the end (--source poll adds nothing): writes, deletions, expiries and locks of every process; each change of a row under the prefix costs a notification, and reads and attempts on locks do not appear`,
    types: TRIGGERS.types,
  }));
}

/** Say which rights the triggers need. */
function withNeeds(error: unknown): unknown {
  if (!(error instanceof RefusedError) || !/permission denied|must be owner/.test(error.message)) return error;
  return new RefusedError(
    error.message,
    'Triggers need the right TRIGGER on the tables and CREATE on the schema. --source poll needs neither.',
    { cause: error },
  );
}
