import * as Args from '@oclif/core/args';

import { ExitCode } from '../../errors.js';
import { checkKeys } from '../../features/entries/repository.js';
import { eventColumns } from '../../features/locks/columns.js';
import { summaryFields, summaryText, timedLine } from '../../features/locks/report.js';
import { LockScreen } from '../../features/locks/screen.js';
import { LockTimeline, type TimedEvent } from '../../features/locks/timeline.js';
import { followLocks } from '../../features/locks/watching.js';
import { preciseDuration } from '../../runtime/flags.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { lockArgument } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { itemJson } from '../../terminal/list.js';
import { answer, answerJson, answersAPerson } from '../../terminal/output.js';
import { reportJson } from '../../terminal/report.js';

export default class LockWatch extends StoreCommand {
  static override placeUse = { place: 'locks', access: 'reads' } as const;
  static override summary = 'Follow what happens to locks, live.';
  static override description = `Shows who acquires and releases each lock, who is refused, and how long locks are held and waited for. Prints a summary at the end.`;

  static override examples = [
    { description: 'Watch until Ctrl-C', command: 'cachectl lock:watch deploy migrate' },
    { description: 'Watch for a minute, as JSON', command: 'cachectl lock:watch deploy --for 1m --json' },
  ];

  static override args = { name: Args.string({ ...lockArgument, required: true, multiple: true }) };

  static override flags = {
    for: preciseDuration({ summary: 'Stop after this time.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockWatch);
    const names = [...new Set(args.name)];
    checkKeys(names);
    await this.withStore(flags, async (work) => {
      const { interruption } = work;
      const timelines = new Map(names.map((name) => [name, new LockTimeline(name)]));
      const isScreen = answersAPerson() && !flags.json;
      let screen: LockScreen | undefined;
      const width = Math.max(...names.map((name) => printKey(name).length));
      const print = async (event: TimedEvent): Promise<void> => {
        if (flags.json) await answerJson(itemJson(event, eventColumns));
        else if (screen === undefined) await answer(timedLine(event, width));
        // Of repeated attempts, only the first is printed; the state below counts the others.
        else if (!event.again) await screen.print(timedLine(event, width));
      };

      let hasMissed;
      try {
        hasMissed = await followLocks(work, {
          names,
          duration: flags.for,
          aroundWarning: { before: () => screen?.clear(), after: () => screen?.draw() },
          ready() {
            if (isScreen) screen = new LockScreen([...timelines.values()]);
          },
          take: async (event) => print(timelines.get(event.name)!.add(event)),
        });
      } finally {
        screen?.end();
      }

      if (interruption.by !== 'closed pipe') {
        const summaries = [...timelines.values()].map((timeline) => timeline.summary);
        if (flags.json) await answerJson({ summary: summaries.map((summary) => reportJson(summaryFields(summary))) });
        else {
          const text = (await Promise.all(summaries.map(async (summary) => summaryText(summary)))).join('');
          if (answersAPerson()) await answer(text);
          else process.stderr.write(text);
        }
      }

      return interruptedCode(interruption, hasMissed ? ExitCode.Partial : ExitCode.Yes);
    });
  }
}
