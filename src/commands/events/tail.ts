import * as Flags from '@oclif/core/flags';

import type { EventFeed } from '../../features/events/feed.js';
import type { CacheEvent } from '../../stores/contract/events.js';

import { ExitCode } from '../../errors.js';
import { reportGaps, withEvents } from '../../features/events/feed.js';
import { eventFlags } from '../../features/events/flags.js';
import { eventJson, eventLine } from '../../features/events/text.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { StoreCommand, type Work } from '../../runtime/store-command.js';
import { formatPreciseDuration } from '../../terminal/durations.js';
import { LinePrinter } from '../../terminal/line-printer.js';
import { note, warn } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';

export default class EventsTail extends StoreCommand {
  static override summary = 'Print cache events as they happen.';
  static override description = `Events come from the server, so they include every application. The source and what it cannot see are printed at the start. On Redis, --source notifications needs keyspace notifications (--enable switches them on while it runs); --source monitor also sees hits and clients. On SQL servers, --source poll compares the rows at most once a second. Exits 4 if events were dropped.`;

  static override examples = [
    { description: 'Follow everything under the prefix', command: 'cachectl events:tail' },
    {
      description: 'Log what expires within 30 s',
      command: 'cachectl events:tail --type KeyExpired --for 30s --json',
    },
    {
      description: 'Wait until a key is written',
      command: `cachectl events:tail --type KeyWritten --pattern 'report:*' --limit 1`,
    },
    {
      description: 'Run a command for each price that is forgotten',
      command: `cachectl events:tail --type KeyForgotten --pattern 'price:*' --exec './warm.sh "$CACHECTL_EVENT_KEY"'`,
    },
  ];

  static override flags = {
    ...eventFlags,
    limit: Flags.integer({ summary: 'Stop after N events.', helpValue: 'N', min: 1 }),
    values: Flags.boolean({ default: false, summary: 'Show the current value of the key, shortened.' }),
    exec: Flags.string({
      summary: 'Run COMMAND for each event. It gets CACHECTL_EVENT_* variables, and JSON on standard input.',
      helpValue: 'COMMAND',
    }),
    jobs: Flags.integer({
      default: 4,
      summary: 'With --exec, how many commands run at once. 1 keeps the order.',
      helpValue: 'N',
      min: 1,
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(EventsTail);
    await this.withStore(flags, async (work) =>
      withEvents(work, flags, {}, async (feed) => {
        const taker = await takerFor(work, feed, flags);
        let taken = 0;
        let left = 0;
        try {
          for await (const event of feed.stream) {
            if (await taker.take(event)) taken++;
            else left++;
            if (taken === flags.limit) break;
          }
        } finally {
          feed.end();
          await taker.end();
        }

        const lasted = flags.for === undefined ? '' : ` in ${formatPreciseDuration(flags.for)}`;
        note(`${count(taken)} ${taken === 1 ? 'event' : 'events'}${lasted}`);
        if (taker.failed > 0) warn(`${count(taker.failed)} of ${count(taken)} commands failed`);
        if (left > 0) warn(`the command was not run for ${count(left)} events that were still queued at the end`);
        const isPartial = reportGaps(feed) || taker.failed > 0 || left > 0;
        return interruptedCode(work.interruption, isPartial ? ExitCode.Partial : ExitCode.Yes);
      }),
    );
  }
}

/** Prints events, or runs a command for each. */
interface Taker {
  /** False if the event came too late. */
  take(event: CacheEvent): Promise<boolean>;
  end(): Promise<void>;
  readonly failed: number;
}

interface Format {
  readonly json: boolean;
  readonly values: boolean;
  readonly exec?: string | undefined;
  readonly jobs: number;
}

async function takerFor(
  { store, interruption }: Work,
  feed: EventFeed,
  { json, values, exec, jobs }: Format,
): Promise<Taker> {
  const { source, stream } = feed;
  if (exec !== undefined) {
    const { EventListener } = await import('../../features/events/listener.js');
    const listener = new EventListener(exec, source, jobs, interruption.signal);
    return {
      take: async (event) => listener.handle(event),
      end: async () => listener.end(),
      get failed() {
        return listener.failed;
      },
    };
  }

  const printer = new LinePrinter();
  const previewOf = values ? (await import('../../features/events/preview.js')).previewOf : undefined;
  return {
    async take(event) {
      const preview = previewOf && (await previewOf(store, stream, event));
      await printer.print(json ? eventJson(event, source, preview) : eventLine(event, preview));
      return true;
    },
    end: async () => printer.flush(),
    failed: 0,
  };
}
