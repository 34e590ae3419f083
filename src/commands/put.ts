import * as Flags from '@oclif/core/flags';

import { ExitCode, UsageError } from '../errors.js';
import { entriesOf } from '../features/entries/repository.js';
import { storeEntry, storingArgs, storingFlags, writtenEntry } from '../features/entries/storing.js';
import { checkedTtl } from '../features/entries/ttl-flags.js';
import { limitYoungGeneration } from '../runtime/heap-tuning.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answerJson, warn } from '../terminal/output.js';
import { entries } from '../terminal/progress.js';

export default class Put extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Store one or more entries.';
  static override description = `VALUE is stored as a string. With --as json it is parsed, and objects and lists become PHP arrays.

--from streams many entries: JSON objects of keys and values, or one {"key", "value", "ttl"} per line.`;

  static override examples = [
    { description: 'Store a string for ten minutes', command: 'cachectl put greeting hello --ttl 10m' },
    {
      description: 'Store a structure with tags',
      command: `cachectl put users:1 '{"name":"Ann"}' --as json --tags people,artists`,
    },
    { description: 'Store the output of a program', command: 'curl -s https://example.com | cachectl put page -' },
    {
      description: 'Store only if the key is not in use',
      command: 'cachectl put leader web1 --if-absent --ttl 30s',
    },
    { description: 'Store many entries', command: 'cachectl put --from entries.ndjson' },
  ];

  static override args = storingArgs;

  static override flags = {
    ...storingFlags,
    from: Flags.string({
      summary: 'Store many entries from FILE, or - for standard input.',
      helpValue: 'FILE',
      exclusive: ['file', 'if-absent', 'as'],
    }),
    'if-absent': Flags.boolean({ default: false, summary: 'Store only if the key is not in use; otherwise exit 1.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Put);
    const ttl = checkedTtl(flags.ttl);
    if (flags.from !== undefined) {
      const { from } = flags;
      limitYoungGeneration();
      if (args.key !== undefined) {
        throw new UsageError('--from cannot be combined with KEY', 'Remove KEY and VALUE: the input has its own.');
      }

      await this.withStore(flags, async ({ store, interruption }) => {
        const target = entriesOf(store, flags.tags);
        const { readPutEntries } = await import('../features/transfer/ndjson/put-reader.js');
        const { bulk } = await import('../runtime/bulk.js');
        const stored = await bulk('stored', interruption, (options) =>
          target.putMany(readPutEntries(from, ttl, options.signal), options),
        );
        if (flags.json) await answerJson({ written: stored });
        else warn(`stored ${entries(stored)}`);
        return ExitCode.Yes;
      });
      return;
    }

    const entry = await writtenEntry({ ...args, ...flags }, '`put KEY VALUE`, or `put --from FILE`');
    await this.withStore(flags, async ({ store }) =>
      storeEntry(entriesOf(store, flags.tags), { ...entry, ttl }, { ifAbsent: flags['if-absent'], json: flags.json }),
    );
  }
}
