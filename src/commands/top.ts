import * as Flags from '@oclif/core/flags';

import type { EventFeed } from '../features/events/feed.js';

import { ExitCode } from '../errors.js';
import { sayGaps, withEvents } from '../features/events/feed.js';
import { eventFlags } from '../features/events/flags.js';
import { grouped, GROUPINGS } from '../features/events/groups.js';
import { preferSource } from '../features/events/selection.js';
import { MEASURES, Ranking } from '../features/top/ranking.js';
import { rankingFields, rankingLines, rankingTable, totalsText } from '../features/top/report.js';
import { interruptedCode } from '../runtime/interrupt.js';
import { StoreCommand, type Work } from '../runtime/store-command.js';
import { onQuitKey } from '../terminal/keyboard.js';
import { LiveFrame } from '../terminal/live-frame.js';
import { answer, answerJson, answersAPerson, warn } from '../terminal/output.js';
import { styleAnswer } from '../terminal/style.js';

/** Seconds, where nobody could quit. */
const DEFAULT_SECONDS = 10;

const SECOND_MS = 1000;

export default class Top extends StoreCommand {
  static override summary = 'Show what the cache is asked most, live: the hottest keys, and the hit ratio.';
  static override description = `A table that is counted on until q is pressed; in a pipe, or with --for, one summary at the end (of 10s when nothing is said). Hits take a source that tells them, which costs the server more: on Redis MONITOR, unless --source says otherwise. What it is, is said at the start.`;

  static override examples = [
    { description: 'What is hammering the cache', command: '<%= config.bin %> top' },
    { description: 'The hit ratio by key family', command: '<%= config.bin %> top --by prefix' },
    { description: 'Ten seconds of it, for a program', command: '<%= config.bin %> top --for 10s --json' },
    { description: 'Who writes most', command: '<%= config.bin %> top --by client --sort writes' },
  ];

  static override flags = {
    by: Flags.option({ options: GROUPINGS })({
      summary: 'What to count by; a prefix is a key up to its first separator.',
      default: 'key',
    }),
    sort: Flags.option({ options: MEASURES })({ summary: 'What comes first.', default: 'events' }),
    limit: Flags.integer({ summary: 'Rows.', helpValue: 'N', min: 1, max: 10_000, default: 20 }),
    separator: Flags.string({
      summary: 'What parts a key into its prefix and the rest.',
      default: ':',
      helpValue: 'TEXT',
    }),
    depth: Flags.integer({ summary: 'How many parts of a key make its prefix.', helpValue: 'N', min: 1, default: 1 }),
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

  /** @param drawn what is shown meanwhile */
  async #count({ stream, end }: EventFeed, ranking: Ranking, drawn: (() => string) | undefined): Promise<void> {
    const frame = drawn && new LiveFrame();
    const giveBack = frame && onQuitKey(end);
    const timer = setInterval(() => {
      ranking.tick();
      if (drawn) frame?.draw(drawn());
    }, SECOND_MS);
    if (drawn) frame?.draw(drawn());
    try {
      for await (const event of stream) ranking.add(event);
    } finally {
      clearInterval(timer);
      giveBack?.();
      frame?.clear();
      ranking.end();
    }
  }

  async #report({ interruption }: Work, feed: EventFeed, print: () => Promise<void>): Promise<number> {
    if (interruption.by !== 'closed pipe') await print();
    return interruptedCode(interruption, sayGaps(feed) ? ExitCode.Partial : ExitCode.Yes);
  }
}
