import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { TagMember } from '../../stores/contract/tags.js';

import { ExitCode, UsageError } from '../../errors.js';
import { first } from '../../features/keys/take.js';
import { printMembers } from '../../features/tags/report.js';
import { listMembers } from '../../features/tags/tag-index.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { asKey } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { note, warn } from '../../terminal/output.js';
import { entries } from '../../terminal/progress.js';

export default class TagsShow extends StoreCommand {
  static override summary = 'List what carries a tag.';
  static override description = `Each by the key that its writer gave it, with all of its tags in their order, as far as they can be told: so it is found by get KEY --tags A,B. What is listed and gone is stale; tags:prune takes it out. However many there are, they come as they are read. Exits 1 when nothing is listed under the tag. In a pipe there is a line for each: key, seconds left (or never, stale, unknown), tags, key as it is stored.`;

  static override examples = [
    { description: 'What a flush of the tag would remove', command: '<%= config.bin %> tags:show people' },
    { description: 'What is listed there, and gone', command: '<%= config.bin %> tags:show people --stale' },
    { description: 'A look at a few', command: '<%= config.bin %> tags:show people --limit 10 --json' },
  ];

  static override args = {
    name: Args.string({ description: 'The name of the tag.', required: true, ignoreStdin: true, ...asKey }),
  };

  static override flags = {
    stale: Flags.boolean({ default: false, summary: 'Only what is listed and gone.' }),
    limit: Flags.integer({ summary: 'End after so many entries.', helpValue: 'N', min: 1 }),
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

      const printed = await printMembers(first(wanted(), flags.limit), flags.json);
      if (!isListed) warn(`nothing carries the tag ${printKey(name)}`);
      else if (!flags.json) note(`${entries(printed)}${flags.stale ? ', stale' : ''}`);
      return interruptedCode(interruption, isListed ? ExitCode.Yes : ExitCode.No);
    });
  }
}
