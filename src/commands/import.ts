import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';
import { bulk } from '../runtime/bulk.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags, duration } from '../runtime/flags.js';
import { keepYoungSpaceSmall } from '../runtime/heap-tuning.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answerJson } from '../terminal/output.js';

/** Drivers that make little beside what they write, so that they may have the space, and are a fifth faster. */
const SPARING: ReadonlySet<string> = new Set(['redis', 'sqlite']);

export default class Import extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Store the entries of a file, as `export` wrote it.';
  static override description = `Reads an entry to a line: {"key", "value", "expires", "tags"}, or {"key", "value", "ttl"}. What is there under the same keys is replaced; what has expired meanwhile is left out. It is streamed, so its size does not matter.

A file that was interrupted, by whatever, goes on where it was with --resume. Exits 4 when anything failed.`;

  static override examples = [
    { description: 'Store an export', command: '<%= config.bin %> import cache.ndjson --profile staging' },
    {
      description: 'See whether it can be read, and what is in it',
      command: '<%= config.bin %> import cache.ndjson --dry-run',
    },
    { description: 'Go on after an interruption', command: '<%= config.bin %> import cache.ndjson --resume' },
    { description: 'Store what a program prints', command: 'zcat cache.ndjson.gz | <%= config.bin %> import -' },
  ];

  static override args = {
    file: Args.string({ description: 'The file; - reads standard input.', required: true, ignoreStdin: true }),
  };

  static override flags = {
    'if-absent': Flags.boolean({ default: false, summary: 'Leave what is there as it is.' }),
    ttl: duration({ summary: 'How long entries last that bring neither expires nor ttl; forever when left out.' }),
    'skip-bad': Flags.boolean({
      default: false,
      summary: 'Count lines that are no entries, rather than stop at the first.',
    }),
    resume: Flags.boolean({ default: false, summary: 'Go on where an import of the same file was interrupted.' }),
    ...destructiveFlags,
    'dry-run': Flags.boolean({ default: false, summary: 'Only check every line, and say what would be stored.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Import);
    if (flags.ttl === 0) throw new UsageError('a ttl of 0 stores nothing', 'Leave --ttl out to store forever.');
    await this.withStore(flags, async ({ store, profile, interruption }) => {
      if (!SPARING.has(profile.driver)) keepYoungSpaceSmall();
      const { openInput } = await import('../features/transfer/input.js');
      const { importEntries } = await import('../features/transfer/import-entries.js');
      const { importStart } = await import('../features/transfer/resume/import-state.js');
      const { Tally } = await import('../features/transfer/tally.js');
      const { partWay, reportTally, tallyCode, tallyFields } = await import('../features/transfer/report.js');
      const input = await openInput(args.file, interruption.signal);
      const tally = new Tally();
      try {
        const dryRun = flags['dry-run'];
        const { start, checkpoint } = await importStart(args.file, input, {
          store,
          tally,
          resume: flags.resume,
          dryRun,
        });
        if (profile.protected && !dryRun) {
          const effect = `replaces what is there under the keys of ${args.file}`;
          await askBeforeDestroying({ store, profile, action: 'import', effect }, flags);
        }

        if (!flags.resume && !dryRun) checkpoint?.reset();
        const options = {
          ttl: flags.ttl ?? null,
          ifAbsent: flags['if-absent'],
          skipBad: flags['skip-bad'],
          dryRun,
          start,
          checkpoint,
          tally,
        };
        await bulk(
          dryRun ? 'read' : 'imported',
          interruption,
          async (progress) => importEntries(store, input, options, progress),
          {
            before: tally.written,
            again: checkpoint && 'What is done is done; go on with --resume.',
            ...partWay(tally),
          },
        );
        if (!dryRun) checkpoint?.done();
        if (flags.json) await answerJson({ ...tallyFields(tally), dryRun });
        else reportTally(dryRun ? 'would import' : 'imported', tally);
        return tallyCode(tally);
      } finally {
        await input.close();
      }
    });
  }
}
