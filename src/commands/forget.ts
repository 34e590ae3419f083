import * as Args from '@oclif/core/args';

import { ExitCode } from '../errors.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { isThere } from '../features/entries/readings.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags, tagNames } from '../runtime/flags.js';
import { asKey } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';
import { printKey } from '../stores/entries/printed-key.js';
import { answer, answerJson } from '../terminal/output.js';

export default class Forget extends StoreCommand {
  static override summary = 'Remove entries by key.';
  static override description = `Says of each key whether it was there. Exits 1 when any was not. Asks only where the profile is protected, or where the key was chosen from a list: what is typed is named, after all.`;

  static override examples = [
    { description: 'Remove an entry', command: '<%= config.bin %> forget users:1' },
    { description: 'Remove entries put under tags', command: '<%= config.bin %> forget John --tags people,artists' },
  ];

  static override args = {
    key: Args.string({ description: 'The key, without prefixes.', multiple: true, ignoreStdin: true, ...asKey }),
  };

  static override flags = {
    tags: tagNames({ summary: 'Within these tags, in the order they were put.' }),
    ...destructiveFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Forget);
    const named = namedKeys(args.key, flags);
    checkKeys(named ?? []);
    await this.withStore(flags, async (work) => {
      const { store, profile } = work;
      const keys = named ?? [await pickKey(work, 'forget')];
      const entries = entriesOf(store, flags.tags);
      if ((profile.protected || named === undefined) && !flags['dry-run']) {
        const effect = `removes ${keys.map((key) => printKey(key)).join(', ')}`;
        await askBeforeDestroying({ store, profile, action: 'forget', effect }, flags);
      }

      const were = flags['dry-run']
        ? (await entries.many(keys)).map((reading) => isThere(reading))
        : await entries.forget(keys);
      if (flags.json) {
        const documents = keys.map((key, index) => ({
          key: printKey(key),
          forgotten: were[index]!,
          dryRun: flags['dry-run'],
        }));
        await answerJson(keys.length === 1 ? documents[0]! : documents);
      } else {
        const done = flags['dry-run'] ? 'is there' : 'forgotten';
        await answer(keys.map((key, index) => `${printKey(key)}\t${were[index] ? done : 'was not there'}\n`).join(''));
      }

      return were.includes(false) ? ExitCode.No : ExitCode.Yes;
    });
  }
}
