import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';
import { bulk } from '../runtime/bulk.js';
import { limitYoungGeneration } from '../runtime/heap-tuning.js';
import { patternArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answerJson } from '../terminal/output.js';

export default class Export extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'covers' } as const;
  static override summary = 'Export entries as NDJSON, one per line.';
  static override description = `Each line is {"key", "value", "expires", "tags"}. Values are exact; those that JSON cannot represent are PHP-serialized or base64. Locks are not exported. Exits 4 if any entry could not be exported.

With --output, FILE appears when the export is complete; until then it is FILE.part.`;

  static override examples = [
    { description: 'Export the whole cache', command: 'cachectl export --output cache.ndjson' },
    {
      description: 'Export matching entries, compressed',
      command: `cachectl export 'users:*' | gzip > users.ndjson.gz`,
    },
    { description: 'Resume after an interruption', command: 'cachectl export --output cache.ndjson --resume' },
    {
      description: 'List the keys that expire within an hour',
      command: `cachectl export | jq -r 'select(.expires != null and .expires < now + 3600).key'`,
    },
  ];

  static override args = { pattern: Args.string({ ...patternArgument, default: '*' }) };

  static override flags = {
    output: Flags.string({ char: 'o', summary: 'Write to FILE instead of standard output.', helpValue: 'FILE' }),
    resume: Flags.boolean({ default: false, summary: 'Resume an interrupted export to the same file.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Export);
    const { pattern } = args;
    const file = flags.output === '-' ? undefined : flags.output;
    if (flags.json && file === undefined) {
      throw new UsageError(
        '--json needs --output FILE: standard output receives the entries',
        'Add --output FILE for a JSON summary, or remove --json. The entries are JSON either way.',
      );
    }

    limitYoungGeneration();
    await this.withStore(flags, async ({ store, interruption }) => {
      const { openOutput } = await import('../features/transfer/open-output.js');
      const { exportEntries } = await import('../features/transfer/export-entries.js');
      const { sourceName } = await import('../features/transfer/resume/export-state.js');
      const { Tally } = await import('../features/transfer/tally.js');
      const { estimate, partWay, reportTally, tallyCode, tallyFields } = await import('../features/transfer/report.js');
      const tally = new Tally();
      const source = { store: sourceName(store), pattern };
      const output = await openOutput(file, { source, tally, resume: flags.resume, interruption });
      try {
        const total = await estimate(store, pattern, interruption.signal);
        await bulk(
          'exported',
          interruption,
          async (progress) => exportEntries(store, output, { pattern, tally, total }, progress),
          {
            before: tally.written,
            again: file && 'Continue with --resume, from the last page that was saved.',
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
