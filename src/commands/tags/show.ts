import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { TagMember } from '../../stores/contract/tags.js';

import { ExitCode, UsageError } from '../../errors.js';
import { memberColumns } from '../../features/tags/report.js';
import { listMembers } from '../../features/tags/tag-index.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { asKey } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { printList } from '../../terminal/list.js';
import { note, warn } from '../../terminal/output.js';
import { entries } from '../../terminal/progress.js';

export default class TagsShow extends StoreCommand {
  static override summary = 'List the entries of a tag.';
  static override description = `Shows each key with all of its tags in order, so that get KEY --tags A,B finds it. Stale members are listed too; tags:prune removes them. Exits 1 if the tag lists nothing. A pipe gets key, seconds left (or never, stale, unknown), tags and stored key per line.`;

  static override examples = [
    { description: 'Show what a flush of the tag would remove', command: 'cachectl tags:show people' },
    { description: 'Show stale members only', command: 'cachectl tags:show people --stale' },
    { description: 'Look at a few entries', command: 'cachectl tags:show people --limit 10 --json' },
  ];

  static override args = {
    name: Args.string({ description: 'Name of the tag.', required: true, ignoreStdin: true, ...asKey }),
  };

  static override flags = {
    stale: Flags.boolean({ default: false, summary: 'Only stale members.' }),
    limit: Flags.integer({ summary: 'List at most N entries.', helpValue: 'N', min: 1 }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TagsShow);
    const { name } = args;
    if (name === '') throw new UsageError('the tag name is empty', 'Is a variable unset? Quote it: "${TAG:?}"');
    await this.withStore(flags, async ({ store, interruption }) => {
      let isListed = false;
      const wanted = async function* (): AsyncGenerator<TagMember> {
        for await (const member of listMembers(store, interruption, name)) {
          isListed = true;
          if (!flags.stale || member.isStale) yield member;
        }
      };

      const printed = await printList(wanted(), memberColumns, flags);
      if (!isListed) warn(`no entry has the tag ${printKey(name)}`);
      else if (!flags.json) note(`${entries(printed)}${flags.stale ? ', stale' : ''}`);
      return interruptedCode(interruption, isListed ? ExitCode.Yes : ExitCode.No);
    });
  }
}
