import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';
import { bulk } from '../runtime/bulk.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags, type GlobalFlags } from '../runtime/flags.js';
import { limitYoungGeneration } from '../runtime/heap-tuning.js';
import { patternArgument } from '../runtime/key-arguments.js';
import { checkPlace } from '../runtime/place-check.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answerJson } from '../terminal/output.js';

export default class Copy extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'covers' } as const;
  static override summary = 'Copy entries to another store.';
  static override description = `Copies values, remaining TTLs and tags, and replaces existing entries. Locks are not copied. Exits 4 if any entry could not be copied; it is safe to run again.`;

  static override examples = [
    { description: 'Copy a cache to another profile', command: 'cachectl copy --profile shop --to staging' },
    {
      description: 'Copy matching entries to a SQLite file',
      command: `cachectl copy 'users:*' --profile shop --to-url sqlite:///tmp/users.sqlite`,
    },
    { description: 'Show what would be copied', command: 'cachectl copy -p shop --to staging --dry-run' },
  ];

  static override args = { pattern: Args.string({ ...patternArgument, default: '*' }) };

  static override flags = {
    to: Flags.string({ summary: 'Profile to copy to.', helpValue: 'PROFILE', exclusive: ['to-url'] }),
    'to-url': Flags.string({ summary: 'Store to copy to, without a profile.', helpValue: 'URL' }),
    'if-absent': Flags.boolean({ default: false, summary: 'Keep entries that exist in the target.' }),
    ...destructiveFlags,
    'dry-run': Flags.boolean({ default: false, summary: 'Show what would be copied, and copy nothing.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Copy);
    const { pattern } = args;
    const dryRun = flags['dry-run'];
    const target = { ...targetFlags(flags, flags.to, flags['to-url']), yes: flags.yes };
    limitYoungGeneration();
    await this.withStore(flags, async ({ store, profile, interruption }) => {
      const { checkSides, copyEntries } = await import('../features/transfer/copy-entries.js');
      const { Tally } = await import('../features/transfer/tally.js');
      const { estimate, partWay, reportTally, tallyCode, tallyFields } = await import('../features/transfer/report.js');
      const to = await this.openStore(target);
      try {
        checkSides({ store, profile }, to);
        await checkPlace(to.store, to.profile, { place: 'entries', access: 'creates' });
        if (to.profile.protected && !dryRun) {
          const effect = `replaces entries that have the same keys as in ${store.location}`;
          await askBeforeDestroying({ ...to, action: 'copy', effect }, flags);
          await store.reconnect?.({ onlyClosed: true });
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
        if (flags.json) await answerJson({ ...tallyFields(tally, dryRun), dryRun });
        else reportTally(dryRun ? 'would copy' : 'copied', tally);
        return tallyCode(tally);
      } finally {
        await to.store.close();
      }
    });
  }
}

/** Flags for the target: another profile of the same file, or a URL. */
function targetFlags(flags: GlobalFlags, profile: string | undefined, url: string | undefined): GlobalFlags {
  const { json, timeout, config } = flags;
  if (url !== undefined) return { json, timeout, url };
  if (profile !== undefined) return { json, timeout, profile, config };
  throw new UsageError('missing flag --to or --to-url', 'Add --to PROFILE, or --to-url URL.');
}
