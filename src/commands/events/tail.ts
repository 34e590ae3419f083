import * as Flags from '@oclif/core/flags';

import type { EventFeed } from '../../features/events/feed.js';
import type { CacheEvent } from '../../stores/contract/events.js';

import { ExitCode } from '../../errors.js';
import { sayGaps, withEvents } from '../../features/events/feed.js';
import { eventFlags } from '../../features/events/flags.js';
import { eventJson, eventLine } from '../../features/events/text.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { StoreCommand, type Work } from '../../runtime/store-command.js';
import { formatPreciseDuration } from '../../terminal/durations.js';
import { LinePrinter } from '../../terminal/line-printer.js';
import { note, warn } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';

export default class EventsTail extends StoreCommand {
  static override summary = 'Print what happens in the cache, as it happens.';
  static override description = `From the server's own view: what every application does, not only cachectl. A source that tells more costs the server more; where the events come from, and what is not told, is said at the start. On Redis --source notifications needs them switched on (--enable does that for as long as it runs), --source monitor also tells hits and clients. What comes faster than it is read is left out and counted: then, and after a gap, it exits 4.`;

  static override examples = [
    { description: 'Follow everything under the prefix', command: '<%= config.bin %> events:tail' },
    {
      description: 'Half a minute of what expires, for a program',
      command: '<%= config.bin %> events:tail --type KeyExpired --for 30s --json',
    },
    {
      description: 'Wait until a key is written',
      command: `<%= config.bin %> events:tail --type KeyWritten --key 'report:*' --limit 1`,
    },
    {
      description: 'Do something whenever a price is forgotten',
      command: `<%= config.bin %> events:tail --type KeyForgotten --key 'price:*' --exec './warm.sh "$CACHECTL_EVENT_KEY"'`,
    },
  ];

  static override flags = {
    ...eventFlags,
    limit: Flags.integer({ summary: 'End after so many events.', helpValue: 'N', min: 1 }),
    values: Flags.boolean({ default: false, summary: 'Show what the key holds now, cut short.' }),
    exec: Flags.string({
      summary: 'Run this for each event, which it finds in CACHECTL_EVENT_* and, as JSON, on standard input.',
      helpValue: 'COMMAND',
    }),
    jobs: Flags.integer({
      default: 4,
      summary: 'How many commands of --exec may run at once; 1 keeps the order.',
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
        if (left > 0) warn(`for ${count(left)} more events, which waited at the end, it was not run`);
        const isPartial = sayGaps(feed) || taker.failed > 0 || left > 0;
        return interruptedCode(work.interruption, isPartial ? ExitCode.Partial : ExitCode.Yes);
      }),
    );
  }
}

/** What becomes of events. */
interface Taker {
  /** False when it is too late for that. */
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
      take: async (event) => listener.tell(event),
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
