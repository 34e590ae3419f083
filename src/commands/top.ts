import * as Flags from '@oclif/core/flags';

import type { EventFeed } from '../features/events/feed.js';

import { ExitCode } from '../errors.js';
import { reportGaps, withEvents } from '../features/events/feed.js';
import { eventFlags } from '../features/events/flags.js';
import { preferSource } from '../features/events/selection.js';
import { grouped, GROUPINGS } from '../features/top/groups.js';
import { MEASURES, Ranking } from '../features/top/ranking.js';
import { rankingFields, rankingLines, rankingTable, totalsText } from '../features/top/report.js';
import { interruptedCode } from '../runtime/interrupt.js';
import { StoreCommand, type Work } from '../runtime/store-command.js';
import { onQuitKey } from '../terminal/keyboard.js';
import { LiveFrame } from '../terminal/live-frame.js';
import { answer, answerJson, answersAPerson, warn } from '../terminal/output.js';
import { styleAnswer } from '../terminal/style.js';

/** Duration in seconds where no person can quit. */
const DEFAULT_SECONDS = 10;

const SECOND_MS = 1000;

export default class Top extends StoreCommand {
  static override summary = 'Show the busiest keys and the hit ratio, live.';
  static override description = `Updates until you press q. With --for, or in a pipe, it prints one summary at the end (after 10 s by default). Counting hits costs the server more: on Redis it uses MONITOR unless --source says otherwise. The source is printed at the start.`;

  static override examples = [
    { description: 'Show the busiest keys', command: 'cachectl top' },
    { description: 'Show the hit ratio by prefix', command: 'cachectl top --by prefix' },
    { description: 'Measure ten seconds in a script', command: 'cachectl top --for 10s --json' },
    { description: 'Show which clients write most', command: 'cachectl top --by client --sort writes' },
  ];

  static override flags = {
    by: Flags.option({ options: GROUPINGS })({
      summary: 'Group by. A prefix is a key up to its first separator.',
      default: 'key',
    }),
    sort: Flags.option({ options: MEASURES })({ summary: 'Sort by.', default: 'events' }),
    limit: Flags.integer({ summary: 'Number of rows.', helpValue: 'N', min: 1, max: 10_000, default: 20 }),
    separator: Flags.string({
      summary: 'With --by prefix, the text between the parts of a key.',
      default: ':',
      helpValue: 'TEXT',
    }),
    depth: Flags.integer({
      summary: 'With --by prefix, the number of parts in a prefix.',
      helpValue: 'N',
      min: 1,
      default: 1,
    }),
    ...eventFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Top);
    await this.withStore(flags, async (work) => {
      const isLive = answersAPerson() && !flags.json;
      const needs = { tags: flags.by === 'tag', clients: flags.by === 'client' };
      const ranking = new Ranking(grouped(flags.by, flags.separator, flags.depth), flags.sort, flags.limit);
      const source = preferSource(work.store, flags, needs, flags.type ? [] : ['CacheHit', 'CacheMissed']).name;
      const seconds = flags.for ?? (isLive ? undefined : DEFAULT_SECONDS);
      return withEvents(work, { ...flags, source, for: seconds }, needs, async (feed) => {
        const drawn = (): string => `${styleAnswer('bold', totalsText(ranking))}\n${rankingTable(ranking, flags.by)}`;
        await this.#count(feed, ranking, isLive ? drawn : undefined);
        return this.#report(work, feed, async () => {
          if (flags.json) await answerJson(rankingFields(ranking, flags.by, feed.source, feed.gaps().events));
          else if (isLive) await answer(drawn());
          else {
            warn(totalsText(ranking));
            await answer(rankingLines(ranking));
          }
        });
      });
    });
  }

  /** @param drawn the live frame */
  async #count({ stream, end }: EventFeed, ranking: Ranking, drawn: (() => string) | undefined): Promise<void> {
    const frame = drawn && new LiveFrame();
    const restoreKeys = frame && onQuitKey(end);
    const timer = setInterval(() => {
      ranking.tick();
      if (drawn) frame?.draw(drawn());
    }, SECOND_MS);
    if (drawn) frame?.draw(drawn());
    try {
      for await (const event of stream) ranking.add(event);
    } finally {
      clearInterval(timer);
      restoreKeys?.();
      frame?.clear();
      ranking.end();
    }
  }

  async #report({ interruption }: Work, feed: EventFeed, print: () => Promise<void>): Promise<number> {
    if (interruption.by !== 'closed pipe') await print();
    return interruptedCode(interruption, reportGaps(feed) ? ExitCode.Partial : ExitCode.Yes);
  }
}
