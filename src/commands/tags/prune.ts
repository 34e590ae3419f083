import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { ExitCode } from '../../errors.js';
import { tagIndexOf } from '../../features/tags/tag-index.js';
import { bulk } from '../../runtime/bulk.js';
import { destructiveFlags } from '../../runtime/flags.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { answer, answerJson, note } from '../../terminal/output.js';
import { countOf } from '../../terminal/progress.js';

export default class TagsPrune extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'covers' } as const;
  static override summary = 'Remove expired entries from tag indexes.';
  static override description = `Stale members cost memory and make a flush of the tag slower. Does what Laravel's cache:prune-stale-tags does; with --deep it also removes members whose entries were evicted or removed. Entries are not touched, so it never asks. On MongoDB and Memcached nothing can be stale.`;

  static override examples = [
    { description: 'Run it hourly from a scheduler', command: 'cachectl tags:prune' },
    { description: 'Count all stale members', command: 'cachectl tags:prune --deep --dry-run' },
  ];

  static override args = {
    pattern: Args.string({
      description: 'Only tags that match this glob, e.g. user:*',
      ignoreStdin: true,
      ...asPattern,
    }),
  };

  static override flags = {
    deep: Flags.boolean({ default: false, summary: 'Look up each entry instead of trusting the stored expiry time.' }),
    'dry-run': destructiveFlags['dry-run'],
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TagsPrune);
    await this.withStore(flags, async ({ store, interruption }) => {
      const index = await tagIndexOf(store);
      const { deep, 'dry-run': dryRun } = flags;
      const options = { deep, dryRun, ...(args.pattern !== undefined && { pattern: args.pattern }) };
      const { tags, removed } = await bulk(
        dryRun ? 'counted' : 'removed',
        interruption,
        async (progress) => index.prune({ ...options, ...progress }),
        { counted: staleMembers },
      );
      if (flags.json)
        await answerJson({ tagsChecked: tags, [dryRun ? 'wouldRemove' : 'removed']: removed, deep, dryRun });
      else {
        await answer(`${dryRun ? 'would remove' : 'removed'} ${staleMembers(removed)} of ${countOf(tags, 'tag')}\n`);
        if (index.neverStale !== undefined) note(index.neverStale);
      }

      return ExitCode.Yes;
    });
  }
}

function staleMembers(number: number): string {
  return countOf(number, 'stale member');
}
