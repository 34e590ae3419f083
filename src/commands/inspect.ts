import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { ExitCode } from '../errors.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { hintsHelp } from '../features/entries/readings.js';
import { checkKeys } from '../features/entries/repository.js';
import { type Inspected, inspectKey, isMiss } from '../features/inspect/inspection.js';
import { entryTags } from '../runtime/flags.js';
import { keyArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';
import { printKey } from '../stores/entries/printed-key.js';
import { answer, answerJson, answersAPerson, warn } from '../terminal/output.js';
import { reportJson, reportLines } from '../terminal/report.js';

export default class Inspect extends StoreCommand {
  static override summary = "Show an entry's value, TTL, size, encoding and tags.";
  static override description = `Also shows the stored key, the idle time, and whether the entry is a lock, a rate limiter or a flexible entry. Where the server allows it, looking does not count as use. A pipe gets NAME<tab>VALUE lines. Exits 1 on a miss, 3 if the value cannot be decoded.`;

  static override examples = [
    { description: 'Inspect an entry', command: 'cachectl inspect users:1' },
    {
      description: 'Inspect a tagged entry (the order of tags matters)',
      command: 'cachectl inspect John --tags people,artists',
    },
    {
      description: 'Print the expiry time in a script',
      command: `cachectl inspect users:1 | awk -F'\\t' '$1 == "expiresAt" {print $2}'`,
    },
  ];

  static override args = {
    key: Args.string({
      ...keyArgument,
      description: 'Key without its prefix; for a tagged entry also the listed key with its hash.',
      multiple: true,
    }),
  };

  static override flags = {
    tags: entryTags,
    full: Flags.boolean({ default: false, summary: 'Show the whole value, however long.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Inspect);
    const named = namedKeys(args.key, flags);
    checkKeys(named ?? []);
    await this.withStore(flags, async (work) => {
      const keys = named ?? [await pickKey(work, 'inspect')];
      const inspected: Inspected[] = [];
      // One after another: on Redis, reading without counting a use is a setting of the connection.
      for (const key of keys) inspected.push(await inspectKey(work.store, key, flags.tags));
      if (flags.json) {
        const { inspectedFields } = await import('../features/inspect/report.js');
        const documents = inspected.map((each) => reportJson(inspectedFields(each, true)));
        await answerJson(documents.length === 1 ? documents[0]! : documents);
      } else await print(inspected, flags.full);

      const missed = inspected.find((each) => isMiss(each));
      if (missed !== undefined && hintsHelp(flags)) {
        const { explainMiss } = await import('../features/entries/miss.js');
        await explainMiss(work, missed.key, flags.tags);
      }

      return Math.max(...inspected.map((each) => exitCodeOf(each)));
    });
  }
}

async function print(inspected: readonly Inspected[], full: boolean): Promise<void> {
  const { inspectedFields, inspectedText } = await import('../features/inspect/report.js');
  for (const [index, each] of inspected.entries()) {
    if (isMiss(each)) warn(`${printKey(each.key)} is not in the cache`);
    const text = answersAPerson() ? inspectedText(each, full) : reportLines(inspectedFields(each, full));
    await answer((index === 0 ? '' : '\n') + text);
  }
}

function exitCodeOf(inspected: Inspected): number {
  if (isMiss(inspected)) return ExitCode.No;
  return inspected.fault === undefined ? ExitCode.Yes : ExitCode.Store;
}
