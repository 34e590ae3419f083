import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { first } from '../../features/keys/take.js';
import { printTags } from '../../features/tags/report.js';
import { listTags, TAG_SORTS } from '../../features/tags/tag-index.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { note } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';

export default class TagsList extends StoreCommand {
  static override summary = 'List the tags, and how many entries carry each.';
  static override description = `On Redis a tag goes on listing entries that have expired, were forgotten or evicted: its stale members. Those that have expired are told apart at once; with --deep every entry is looked for, which finds the others, too. Memcached tells names alone. With --sort none the tags come as they are found, in constant memory.`;

  static override examples = [
    { description: 'All tags', command: '<%= config.bin %> tags:list' },
    { description: 'The largest ten', command: '<%= config.bin %> tags:list --sort entries --limit 10' },
    { description: 'Those of users, for a program', command: `<%= config.bin %> tags:list 'user:*' --json` },
  ];

  static override args = {
    pattern: Args.string({ description: 'Only names that match, e.g. user:*', ignoreStdin: true, ...asPattern }),
  };

  static override flags = {
    sort: Flags.option({ options: TAG_SORTS, default: 'name', summary: 'In which order.' })(),
    deep: Flags.boolean({ default: false, summary: 'Look for each entry, so that the numbers are exact.' }),
    limit: Flags.integer({ summary: 'End after so many tags.', helpValue: 'N', min: 1 }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TagsList);
    await this.withStore(flags, async ({ store, interruption }) => {
      const { sort, deep, limit } = flags;
      const options = { sort, deep, ...(args.pattern !== undefined && { pattern: args.pattern }) };
      const listed = await printTags(first(listTags(store, interruption, options), limit), flags.json);
      if (!flags.json) note(listed === 0 ? 'no tags' : `${count(listed)} ${listed === 1 ? 'tag' : 'tags'}`);
      return interruptedCode(interruption);
    });
  }
}
