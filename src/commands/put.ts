import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { duration, tagNames } from '../cli/flags.js';
import { checkKeys, entriesOf } from '../cli/keys.js';
import { answerJson, note, warn } from '../cli/output.js';
import { entries } from '../cli/progress.js';
import { StoreCommand } from '../cli/store-command.js';
import { ttlText } from '../cli/value-text.js';
import { ExitCode, UsageError } from '../errors.js';

export default class Put extends StoreCommand {
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

  static override args = {
    key: Args.string({ description: 'The key, without prefixes.', ignoreStdin: true }),
    value: Args.string({ description: 'The value; - reads it from standard input.', ignoreStdin: true }),
  };

  static override flags = {
    ttl: duration({ summary: 'How long it lasts; forever when left out.' }),
    tags: tagNames({ summary: 'Put it under these tags; it is read by the same tags in the same order.' }),
    as: Flags.option({ options: ['string', 'json'] as const, default: 'string' as const })({
      summary: 'What VALUE is.',
    }),
    file: Flags.string({ summary: 'Take the value from a file.', helpValue: 'FILE', exclusive: ['from'] }),
    from: Flags.string({
      summary: 'Store many entries from a file, or - for standard input.',
      helpValue: 'FILE',
      exclusive: ['file', 'if-absent', 'as'],
    }),
    'if-absent': Flags.boolean({ default: false, summary: 'Only when the key is not there; exits 1 when it is.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Put);
    const ttl = flags.ttl ?? null;
    if (ttl === 0) {
      throw new UsageError('a ttl of 0 stores nothing', 'Leave --ttl out to store forever, or use `forget`.');
    }

    if (flags.from !== undefined) {
      const { from } = flags;
      if (args.key !== undefined) {
        throw new UsageError('--from brings its own keys', 'Leave KEY and VALUE out.');
      }

      await this.withStore(flags, async ({ store, interruption }) => {
        const target = entriesOf(store, flags.tags);
        const { readEntries } = await import('../cli/bulk-input.js');
        const { bulk } = await import('../cli/bulk.js');
        const stored = await bulk('stored', interruption, (options) =>
          target.putMany(readEntries(from, ttl, options.signal), options),
        );
        if (flags.json) await answerJson({ stored });
        else warn(`stored ${entries(stored)}`);
        return ExitCode.Yes;
      });
      return;
    }

    const { key } = args;
    if (key === undefined) throw new UsageError('no key was given', 'Write `put KEY VALUE`, or `put --from FILE`.');
    checkKeys([key]);
    const { readValue } = await import('../cli/value-input.js');
    const value = await readValue({ argument: args.value, file: flags.file, as: flags.as });
    await this.withStore(flags, async ({ store }) => {
      const target = entriesOf(store, flags.tags);
      const stored = flags['if-absent'] ? await target.add(key, value, ttl) : true;
      if (!flags['if-absent']) await target.put(key, value, ttl);
      if (flags.json) await answerJson({ key, stored, ttl: stored ? ttl : undefined });
      else if (stored) note(`stored ${key}, ${ttlText(ttl)}`);
      else warn(`${key} is already in the cache; it was left as it is`);
      return stored ? ExitCode.Yes : ExitCode.No;
    });
  }
}
