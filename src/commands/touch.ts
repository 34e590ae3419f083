import * as Args from '@oclif/core/args';

import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { printTouched } from '../features/entries/touched.js';
import { checkedTtl, explicitTtlFlags } from '../features/entries/ttl-flags.js';
import { tagNames } from '../runtime/flags.js';
import { asKey } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Touch extends StoreCommand {
  static override summary = 'Give entries a new ttl; their values stay.';
  static override description = `Says of each key whether it was there. Exits 1 when any was not.`;

  static override examples = [
    { description: 'Another ten minutes', command: '<%= config.bin %> touch users:1 --ttl 10m' },
    { description: 'Several, never to expire', command: '<%= config.bin %> touch users:1 users:2 --forever' },
  ];

  static override args = {
    key: Args.string({ description: 'The key, without prefixes.', multiple: true, ignoreStdin: true, ...asKey }),
  };

  static override flags = {
    ...explicitTtlFlags,
    tags: tagNames({ summary: 'Within these tags, in the order they were put.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Touch);
    const named = namedKeys(args.key, flags);
    checkKeys(named ?? []);
    const ttl = checkedTtl(flags.ttl);
    await this.withStore(flags, async (work) => {
      const keys = named ?? [await pickKey(work, 'touch')];
      const entries = entriesOf(work.store, flags.tags);
      const touched = await Promise.allSettled(keys.map(async (key) => entries.touch(key, ttl)));
      return printTouched(keys, touched, { ttl, json: flags.json });
    });
  }
}
