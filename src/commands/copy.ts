import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';
import { bulk } from '../runtime/bulk.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags } from '../runtime/flags.js';
import { keepYoungSpaceSmall } from '../runtime/heap-tuning.js';
import { asPattern } from '../runtime/key-arguments.js';
import { checkPlace } from '../runtime/place-check.js';
import { type GlobalFlags, StoreCommand } from '../runtime/store-command.js';
import { answerJson } from '../terminal/output.js';

export default class Copy extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'covers' } as const;
  static override summary = 'Copy entries to another store.';
  static override description = `Values, what they have left of their ttl, and tags go along, between any two stores; locks do not. What is there under the same keys is replaced. Between two stores of one kind the bytes go as they are.

Exits 4 when anything could not be copied; the others are there. It can be run again.`;

  static override examples = [
    { description: 'Copy a cache to another profile', command: '<%= config.bin %> copy --profile shop --to staging' },
    {
      description: 'Copy what a glob matches into a file of SQLite',
      command: `<%= config.bin %> copy 'users:*' --profile shop --to-url sqlite:///tmp/users.sqlite`,
    },
    { description: 'See what would be copied', command: '<%= config.bin %> copy -p shop --to staging --dry-run' },
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
    to: Flags.string({ summary: 'The profile to copy to.', helpValue: 'PROFILE', exclusive: ['to-url'] }),
    'to-url': Flags.string({ summary: 'A store without a profile to copy to.', helpValue: 'URL' }),
    'if-absent': Flags.boolean({ default: false, summary: 'Leave what is there as it is.' }),
    ...destructiveFlags,
    'dry-run': Flags.boolean({ default: false, summary: 'Only say what would be copied.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Copy);
    const { pattern } = args;
    const dryRun = flags['dry-run'];
    const target = targetFlags(flags, flags.to, flags['to-url']);
    keepYoungSpaceSmall();
    await this.withStore(flags, async ({ store, profile, interruption }) => {
      const { checkSides, copyEntries } = await import('../features/transfer/copy-entries.js');
      const { Tally } = await import('../features/transfer/tally.js');
      const { estimate, partWay, reportTally, tallyCode, tallyFields } = await import('../features/transfer/report.js');
      const to = await this.openStore(target);
      try {
        checkSides({ store, profile }, to);
        await checkPlace(to.store, to.profile, { place: 'entries', access: 'creates' });
        if (to.profile.protected && !dryRun) {
          const effect = `replaces what is there under the keys of ${store.location}`;
          await askBeforeDestroying({ ...to, action: 'copy', effect }, flags);
        }

        const tally = new Tally();
        const total = await estimate(store, pattern, interruption.signal);
        const options = { pattern, ifAbsent: flags['if-absent'], dryRun, tally, total };
        await bulk(
          dryRun ? 'read' : 'copied',
          interruption,
          async (progress) => copyEntries(store, to.store, options, progress),
          partWay(tally),
        );
        if (flags.json) await answerJson({ ...tallyFields(tally), dryRun });
        else reportTally(dryRun ? 'would copy' : 'copied', tally);
        return tallyCode(tally);
      } finally {
        await to.store.close();
      }
    });
  }
}

/** The same file of profiles, and another of them, or a URL alone. */
function targetFlags(flags: GlobalFlags, profile: string | undefined, url: string | undefined): GlobalFlags {
  const { json, timeout, config } = flags;
  if (url !== undefined) return { json, timeout, url };
  if (profile !== undefined) return { json, timeout, profile, config };
  throw new UsageError('no store to copy to was given', 'Add --to PROFILE, or --to-url URL.');
}
