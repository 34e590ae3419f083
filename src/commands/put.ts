import * as Flags from '@oclif/core/flags';

import { ExitCode, UsageError } from '../errors.js';
import { entriesOf } from '../features/entries/repository.js';
import { storeEntry, storingArgs, storingFlags, writtenEntry } from '../features/entries/storing.js';
import { checkedTtl } from '../features/entries/ttl-flags.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answerJson, warn } from '../terminal/output.js';
import { entries } from '../terminal/progress.js';

export default class Put extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Store an entry, or many.';
  static override description = `VALUE is stored as a string, to the byte. With --as json it is parsed, and stored as an application would store it: lists and objects become PHP arrays.

--from reads many entries: JSON objects of keys and values, or one {"key", "value", "ttl"} to a line, ttl being seconds or a duration. It is streamed, so its size does not matter.`;

  static override examples = [
    { description: 'Store a string for ten minutes', command: '<%= config.bin %> put greeting hello --ttl 10m' },
    {
      description: 'Store a structure, under tags',
      command: `<%= config.bin %> put users:1 '{"name":"Ann"}' --as json --tags people,artists`,
    },
    {
      description: 'Store what a program prints',
      command: 'curl -s https://example.com | <%= config.bin %> put page -',
    },
    {
      description: 'Store only when the key is free',
      command: '<%= config.bin %> put leader web1 --if-absent --ttl 30s',
    },
    { description: 'Store many', command: '<%= config.bin %> put --from entries.ndjson' },
  ];

  static override args = storingArgs;

  static override flags = {
    ...storingFlags,
    from: Flags.string({
      summary: 'Store many entries from a file, or - for standard input.',
      helpValue: 'FILE',
      exclusive: ['file', 'if-absent', 'as'],
    }),
    'if-absent': Flags.boolean({ default: false, summary: 'Only when the key is not there; exits 1 when it is.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Put);
    const ttl = checkedTtl(flags.ttl);
    if (flags.from !== undefined) {
      const { from } = flags;
      if (args.key !== undefined) {
        throw new UsageError('--from brings its own keys', 'Leave KEY and VALUE out.');
      }

      await this.withStore(flags, async ({ store, interruption }) => {
        const target = entriesOf(store, flags.tags);
        const { readPutEntries } = await import('../features/transfer/ndjson/put-reader.js');
        const { bulk } = await import('../runtime/bulk.js');
        const stored = await bulk('stored', interruption, (options) =>
          target.putMany(readPutEntries(from, ttl, options.signal), options),
        );
        if (flags.json) await answerJson({ stored });
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
