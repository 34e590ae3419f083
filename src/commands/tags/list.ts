import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { tagColumns } from '../../features/tags/report.js';
import { listTags, TAG_SORTS } from '../../features/tags/tag-index.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printList } from '../../terminal/list.js';
import { note } from '../../terminal/output.js';
import { countOf } from '../../terminal/progress.js';

export default class TagsList extends StoreCommand {
  static override summary = 'List tags and the number of entries that carry each.';
  static override description = `On Redis a tag index also lists stale members: entries that expired, were removed or were evicted. Only expired ones are counted apart, unless --deep looks up every entry. Memcached lists names only.`;

  static override examples = [
    { description: 'List all tags', command: 'cachectl tags:list' },
    { description: 'List the ten largest', command: 'cachectl tags:list --sort entries --limit 10' },
    { description: 'List matching tags as JSON', command: `cachectl tags:list 'user:*' --json` },
  ];

  static override args = {
    pattern: Args.string({
      description: 'Only names that match this glob, e.g. user:*',
      ignoreStdin: true,
      ...asPattern,
    }),
  };

  static override flags = {
    sort: Flags.option({
      options: TAG_SORTS,
      default: 'name',
      summary: 'Sort order. none streams in constant memory.',
    })(),
    deep: Flags.boolean({ default: false, summary: 'Look up each entry for exact numbers.' }),
    limit: Flags.integer({ summary: 'List at most N tags.', helpValue: 'N', min: 1 }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TagsList);
    await this.withStore(flags, async ({ store, interruption }) => {
      const { sort, deep, limit } = flags;
      const options = { sort, deep, ...(args.pattern !== undefined && { pattern: args.pattern }) };
      const listed = await printList(listTags(store, interruption, options), tagColumns, { json: flags.json, limit });
      if (!flags.json) note(listed === 0 ? 'no tags' : countOf(listed, 'tag'));
      return interruptedCode(interruption);
    });
  }
}
