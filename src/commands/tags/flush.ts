import * as Args from '@oclif/core/args';

import { ExitCode, UsageError } from '../../errors.js';
import { bulk } from '../../runtime/bulk.js';
import { askBeforeDestroying } from '../../runtime/confirm.js';
import { destructiveFlags } from '../../runtime/flags.js';
import { limitYoungGeneration } from '../../runtime/heap-tuning.js';
import { asKey } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { answer, answerJson } from '../../terminal/output.js';
import { entries } from '../../terminal/progress.js';

/** On Memcached, a flush makes entries unreachable without finding them. */
const UNCOUNTED = 'every entry with these tags (the store does not count them)';

export default class TagsFlush extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'covers' } as const;
  static override summary = 'Remove every entry that carries any of the tags.';
  static override description =
    'Asks first; without a terminal, --yes is required. Exits 0 if there is nothing to remove.';

  static override examples = [
    { description: 'Flush tags in a deploy script', command: 'cachectl tags:flush products prices --yes' },
    { description: 'Show how many entries would be removed', command: 'cachectl tags:flush products --dry-run' },
  ];

  static override args = {
    name: Args.string({ description: 'Name of a tag.', required: true, multiple: true, ignoreStdin: true, ...asKey }),
  };

  static override flags = { ...destructiveFlags };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TagsFlush);
    limitYoungGeneration();
    const names = [...new Set(args.name)];
    const printed = names.map((name) => printKey(name));
    if (names.includes(''))
      throw new UsageError('a tag name is empty', 'Is a variable unset? Quote it and check it: "${TAG:?}"');
    await this.withStore(flags, async ({ store, profile, interruption }) => {
      const tagged = store.tags(names);
      const dryRun = flags['dry-run'];
      if (!dryRun) {
        const asksAPerson = !flags.yes && process.stdin.isTTY && process.stderr.isTTY;
        const number = asksAPerson ? await tagged.flush({ dryRun: true }) : undefined;
        const what = number === undefined ? 'every entry' : entries(number);
        const effect = `removes ${what} with any of the tags ${printed.join(', ')}`;
        await askBeforeDestroying({ store, profile, action: 'tags:flush', effect }, flags);
      }

      const removed = await bulk(dryRun ? 'counted' : 'removed', interruption, (progress) =>
        tagged.flush({ ...progress, dryRun }),
      );
      await (flags.json
        ? answerJson({ tags: printed, [dryRun ? 'wouldRemove' : 'removed']: removed, dryRun })
        : answer(`${dryRun ? 'would remove' : 'removed'} ${removed === undefined ? UNCOUNTED : entries(removed)}\n`));
      return ExitCode.Yes;
    });
  }
}
