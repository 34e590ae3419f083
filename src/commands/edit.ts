import * as Args from '@oclif/core/args';

import { editEntry } from '../features/entries/editing.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { entryTags, ifPresent } from '../runtime/flags.js';
import { keyArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Edit extends StoreCommand {
  static override summary = 'Edit the value of an entry in your editor.';
  static override description = `Opens the value in $VISUAL or $EDITOR: a string as text, anything else as JSON. Keeps the TTL and the tags. Writes nothing if you change nothing, or if the editor fails. If the entry has changed meanwhile, exits 1 and says where your text is.`;

  static override examples = [
    { description: 'Edit an entry', command: 'cachectl edit users:1' },
    { description: 'Edit with another editor', command: 'EDITOR=nano cachectl edit users:1' },
    {
      description: 'Edit a tagged entry (the order of tags matters)',
      command: 'cachectl edit John --tags people,artists',
    },
  ];

  static override args = { key: Args.string(keyArgument) };

  static override flags = { tags: entryTags, 'if-present': ifPresent };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Edit);
    const named = namedKeys(args.key === undefined ? undefined : [args.key], flags);
    checkKeys(named ?? []);
    await this.withStore(flags, async (work) => {
      const [key = await pickKey(work, 'edit')] = named ?? [];
      return editEntry(work.store, entriesOf(work.store, flags.tags), key, {
        json: flags.json,
        ifPresent: flags['if-present'],
      });
    });
  }
}
