import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { ExitCode } from '../errors.js';
import { renameEntry } from '../features/entries/renaming.js';
import { checkKeys } from '../features/entries/repository.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags, ifPresent } from '../runtime/flags.js';
import { keyArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';
import { printKey } from '../stores/entries/printed-key.js';
import { answerJson, note, warn } from '../terminal/output.js';

export default class Rename extends StoreCommand {
  static override summary = 'Give an entry another key.';
  static override description = `Keeps the value and the TTL. Atomic on Redis and SQLite; elsewhere the new entry is stored before the old one is removed. Refuses locks and tagged entries. Asks only if the profile is protected. Exits 1 if KEY is not there, or NEW is in use.`;

  static override examples = [
    { description: 'Rename an entry', command: 'cachectl rename users:1 users:ann' },
    { description: 'Replace an entry', command: 'cachectl rename rates:new rates --force' },
  ];

  static override args = {
    key: Args.string({ ...keyArgument, required: true }),
    new: Args.string({ ...keyArgument, description: 'The new key.', required: true }),
  };

  static override flags = {
    force: Flags.boolean({ default: false, summary: 'Replace the entry NEW if there is one.' }),
    'if-present': ifPresent,
    yes: destructiveFlags.yes,
    confirm: destructiveFlags.confirm,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rename);
    checkKeys([args.key, args.new]);
    await this.withStore(flags, async ({ store, profile }) => {
      const [from, to] = [printKey(args.key), printKey(args.new)];
      if (profile.protected) {
        const effect = `${flags.force ? 'replaces' : 'creates'} ${to} and removes ${from}`;
        await askBeforeDestroying(
          { store, profile, action: 'rename', effect, instead: 'cachectl get to see it' },
          flags,
        );
      }

      const outcome = await renameEntry(store, args.key, args.new, { overwrite: flags.force });
      if (flags.json) await answerJson({ key: from, newKey: to, renamed: outcome === 'renamed' });
      else if (outcome === 'renamed') note(`renamed ${from} to ${to}`);
      else if (outcome === 'missing') warn(`${from} is not in the cache`);
      else warn(`${to} is already in the cache; nothing was changed\n  Add --force to replace it.`);
      if (outcome === 'renamed' || (outcome === 'missing' && flags['if-present'])) return ExitCode.Yes;
      return ExitCode.No;
    });
  }
}
