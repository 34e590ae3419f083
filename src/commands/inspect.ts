import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { ExitCode } from '../errors.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { checkKeys } from '../features/entries/repository.js';
import { type Inspected, inspectKey, isMiss } from '../features/inspect/inspection.js';
import { tagNames } from '../runtime/flags.js';
import { asKey } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';
import { printKey } from '../stores/entries/printed-key.js';
import { answer, answerJson, answersAPerson, warn } from '../terminal/output.js';

export default class Inspect extends StoreCommand {
  static override summary = 'Tell everything that is known of an entry.';
  static override description = `Where it lies and under which whole key, how it is written and how large it is, when it expires, since when nobody used it, its tags, whether it is a lock, a rate limiter or a flexible entry, and its value. Looking disturbs as little as the server lets it: it is no miss in its counts, and what tells of uses is asked first. In a pipe there are lines of NAME<tab>VALUE, several keys with an empty line between them. Exits 1 when a key is not there, after saying what is near; 3 when its value cannot be read, after saying all else.`;

  static override examples = [
    { description: 'Everything about an entry', command: '<%= config.bin %> inspect users:1' },
    {
      description: 'One that carries tags (the order counts)',
      command: '<%= config.bin %> inspect John --tags people,artists',
    },
    {
      description: 'When it expires, for a script',
      command: `<%= config.bin %> inspect users:1 | awk -F'\\t' '$1 == "expiresAt" {print $2}'`,
    },
  ];

  static override args = {
    key: Args.string({
      description: 'The key, without prefixes; of a tagged entry also as it is listed, with its hash.',
      multiple: true,
      ignoreStdin: true,
      ...asKey,
    }),
  };

  static override flags = {
    tags: tagNames({ summary: 'Within these tags, in the order they were put.' }),
    full: Flags.boolean({ default: false, summary: 'Show all of the value, however long.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Inspect);
    const named = namedKeys(args.key, flags);
    checkKeys(named ?? []);
    await this.withStore(flags, async (work) => {
      const keys = named ?? [await pickKey(work, 'inspect')];
      const inspected: Inspected[] = [];
      // One after another: what is left uncounted as a use is a matter of the connection.
      for (const key of keys) inspected.push(await inspectKey(work.store, key, flags.tags));
      if (flags.json) {
        const { inspectedFields } = await import('../features/inspect/fields.js');
        const documents = inspected.map((each) => inspectedFields(each));
        await answerJson(documents.length === 1 ? documents[0]! : documents);
      } else await print(inspected, flags.full);

      return Math.max(...inspected.map((each) => exitCodeOf(each)));
    });
  }
}

async function print(inspected: readonly Inspected[], full: boolean): Promise<void> {
  const { inspectedLines, inspectedText } = await import('../features/inspect/report.js');
  const text = answersAPerson() ? inspectedText : inspectedLines;
  for (const [index, each] of inspected.entries()) {
    if (isMiss(each)) warn(`${printKey(each.key)} is not in the cache`);
    await answer((index === 0 ? '' : '\n') + text(each, full));
  }
}

function exitCodeOf(inspected: Inspected): number {
  if (isMiss(inspected)) return ExitCode.No;
  return inspected.fault === undefined ? ExitCode.Yes : ExitCode.Store;
}
