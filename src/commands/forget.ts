import * as Args from '@oclif/core/args';

import { ExitCode } from '../errors.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { isThere } from '../features/entries/readings.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags, entryTags, ifPresent } from '../runtime/flags.js';
import { keyArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';
import { printKey } from '../stores/entries/printed-key.js';
import { answer, answerJson } from '../terminal/output.js';

export default class Forget extends StoreCommand {
  static override summary = 'Remove entries by key.';
  static override description = `Reports for each key whether it existed. Exits 1 if any did not. Asks only if the profile is protected, or if you choose the key from a list.`;

  static override examples = [
    { description: 'Remove an entry', command: 'cachectl forget users:1' },
    { description: 'Remove a tagged entry', command: 'cachectl forget John --tags people,artists' },
  ];

  static override args = { key: Args.string({ ...keyArgument, multiple: true }) };

  static override flags = {
    tags: entryTags,
    'if-present': ifPresent,
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
          [flags['dry-run'] ? 'wouldForget' : 'forgotten']: were[index]!,
          dryRun: flags['dry-run'],
        }));
        await answerJson(keys.length === 1 ? documents[0]! : documents);
      } else {
        const done = flags['dry-run'] ? 'is there' : 'forgotten';
        await answer(keys.map((key, index) => `${printKey(key)}\t${were[index] ? done : 'was not there'}\n`).join(''));
      }

      if (were.includes(false) && !flags['if-present']) {
        const { explainFirstMiss } = await import('../features/entries/miss.js');
        await explainFirstMiss(work, keys, were, flags);
      }

      return were.includes(false) && !flags['if-present'] ? ExitCode.No : ExitCode.Yes;
    });
  }
}
