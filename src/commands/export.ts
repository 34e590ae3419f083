import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';
import { bulk } from '../runtime/bulk.js';
import { keepYoungSpaceSmall } from '../runtime/heap-tuning.js';
import { asPattern } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answerJson } from '../terminal/output.js';

export default class Export extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'covers' } as const;
  static override summary = 'Write entries to a file, one to a line.';
  static override description = `Each line is JSON: {"key", "value", "expires", "tags"}. Values come back exactly: what JSON cannot say stands as PHP's serialize() has it, or in base64. Locks are left out. A file is there when it is whole, and replaces what was there; until then it is named FILE.part.

An export that was interrupted, by whatever, goes on where it was with --resume. What it had written by then stays as it was then.

Exits 4 when anything could not be exported; the others are in the file.`;

  static override examples = [
    { description: 'Keep everything under the prefix', command: '<%= config.bin %> export --output cache.ndjson' },
    {
      description: 'Keep what a glob matches, compressed',
      command: `<%= config.bin %> export 'users:*' | gzip > users.ndjson.gz`,
    },
    {
      description: 'Go on after an interruption',
      command: '<%= config.bin %> export --output cache.ndjson --resume',
    },
    {
      description: 'See which keys expire within the hour',
      command: `<%= config.bin %> export | jq -r 'select(.expires != null and .expires < now + 3600).key'`,
    },
  ];

  static override args = {
    pattern: Args.string({
      description: 'A glob on the key; everything when left out.',
      default: '*',
      ignoreStdin: true,
      ...asPattern,
    }),
  };

  static override flags = {
    output: Flags.string({ char: 'o', summary: 'The file to write, instead of standard output.', helpValue: 'FILE' }),
    resume: Flags.boolean({ default: false, summary: 'Go on where an export to the same file was interrupted.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Export);
    const { pattern } = args;
    const file = flags.output === '-' ? undefined : flags.output;
    if (flags.json && file === undefined) {
      throw new UsageError(
        '--json prints a summary to standard output, where the entries go',
        'Add --output FILE, or leave --json out: the entries are JSON anyway.',
      );
    }

    keepYoungSpaceSmall();
    await this.withStore(flags, async ({ store, interruption }) => {
      const { openOutput } = await import('../features/transfer/open-output.js');
      const { exportEntries } = await import('../features/transfer/export-entries.js');
      const { sourceName } = await import('../features/transfer/resume/export-state.js');
      const { Tally } = await import('../features/transfer/tally.js');
      const { estimate, partWay, reportTally, tallyCode, tallyFields } = await import('../features/transfer/report.js');
      const tally = new Tally();
      const source = { store: sourceName(store), pattern };
      const output = await openOutput(file, { source, tally, resume: flags.resume });
      try {
        const total = await estimate(store, pattern, interruption.signal);
        await bulk(
          'exported',
          interruption,
          async (progress) => exportEntries(store, output, { pattern, tally, total }, progress),
          {
            before: tally.written,
            again: file && 'What is written is kept beside the file; go on with --resume.',
            ...partWay(tally),
          },
        );
        await output.finish();
      } finally {
        await output.abandon();
      }

      if (flags.json) await answerJson(tallyFields(tally));
      else reportTally('exported', tally);
      return tallyCode(tally);
    });
  }
}
