import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { UsageError } from '../errors.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { readingFlags } from '../features/entries/reading-flags.js';
import { hintsHelp, printReadings } from '../features/entries/readings.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { structuresAmong } from '../features/entries/structures.js';
import { entryTags } from '../runtime/flags.js';
import { keyArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Get extends StoreCommand {
  static override summary = 'Read one or more entries.';
  static override description = `Prints a string as it is and a structure as JSON. Several keys are printed one per line as KEY<tab>VALUE. Of a Redis hash, list, set, sorted set or stream it prints the members, one per line. Exits 1 on a miss.`;

  static override examples = [
    { description: 'Read an entry', command: 'cachectl get users:1' },
    { description: 'Read several in one round trip', command: 'cachectl get users:1 users:2 --json' },
    {
      description: 'Read a tagged entry (the order of tags matters)',
      command: 'cachectl get John --tags people,artists',
    },
    { description: 'Save the stored bytes', command: 'cachectl get users:1 --raw > users-1.bin' },
    { description: 'Use a value in a script', command: 'RATE=$(cachectl get rate --default 10)' },
  ];

  static override args = { key: Args.string({ ...keyArgument, multiple: true }) };

  static override flags = {
    tags: entryTags,
    ...readingFlags,
    limit: Flags.integer({
      default: 100,
      min: 1,
      summary: 'Print at most N members of a Redis hash, list, set, sorted set or stream.',
      helpValue: 'N',
    }),
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
      const withTtl = flags.json || keys.length > 1;
      const readings = await entriesOf(work.store, flags.tags).many(keys, { withTtl });
      const asked = { keys, readings, ...(flags.tags && { tags: flags.tags }) };
      // `--raw` prints bytes, of which a structure has none.
      const structures = flags.raw ? undefined : await structuresAmong(work.store, asked, flags.limit);
      const exitCode = await printReadings(keys, readings, { ...flags, ...(structures && { structures }) });
      const missed = keys.find((_, index) => readings[index] === undefined);
      if (missed !== undefined && flags.default === undefined && hintsHelp(flags)) {
        const { explainMiss } = await import('../features/entries/miss.js');
        await explainMiss(work, missed, flags.tags);
      }

      return exitCode;
    });
  }
}
