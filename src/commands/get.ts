import * as Args from '@oclif/core/args';

import { UsageError } from '../errors.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { readingFlags } from '../features/entries/reading-flags.js';
import { printReadings } from '../features/entries/readings.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { tagNames } from '../runtime/flags.js';
import { asKey } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Get extends StoreCommand {
  static override summary = 'Read one entry or many.';
  static override description = `A string is printed bare, a structure as JSON. Several keys come one to a line, KEY<tab>VALUE. Exits 1 when any key was a miss.`;

  static override examples = [
    { description: 'Read an entry', command: '<%= config.bin %> get users:1' },
    {
      description: 'Read several in one round trip, for a program',
      command: '<%= config.bin %> get users:1 users:2 --json',
    },
    {
      description: 'Read an entry that carries tags (the order counts)',
      command: '<%= config.bin %> get John --tags people,artists',
    },
    {
      description: 'Keep the stored bytes, as the application serialized them',
      command: '<%= config.bin %> get users:1 --raw > users-1.bin',
    },
    { description: 'Use a value in a script', command: 'RATE=$(<%= config.bin %> get rate --default 10)' },
  ];

  static override args = {
    key: Args.string({ description: 'The key, without prefixes.', multiple: true, ignoreStdin: true, ...asKey }),
  };

  static override flags = {
    tags: tagNames({ summary: 'Read within these tags, in the order they were put.' }),
    ...readingFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Get);
    const named = namedKeys(args.key, flags);
    checkKeys(named ?? []);
    if (named !== undefined && named.length > 1 && (flags.raw || flags['no-newline'])) {
      throw new UsageError(
        `--${flags.raw ? 'raw' : 'no-newline'} prints one key, not ${named.length}`,
        'Read them one by one.',
      );
    }

    await this.withStore(flags, async (work) => {
      const keys = named ?? [await pickKey(work, 'get')];
      const readings = await entriesOf(work.store, flags.tags).many(keys);
      return printReadings(keys, readings, flags);
    });
  }
}
