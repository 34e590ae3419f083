import * as Args from '@oclif/core/args';

import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { printTouched } from '../features/entries/touched.js';
import { checkedTtl, explicitTtlFlags } from '../features/entries/ttl-flags.js';
import { entryTags } from '../runtime/flags.js';
import { keyArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Touch extends StoreCommand {
  static override summary = 'Change the TTL of entries.';
  static override description = 'Reports for each key whether it existed. Exits 1 if any did not.';

  static override examples = [
    { description: 'Let an entry expire in ten minutes', command: 'cachectl touch users:1 --ttl 10m' },
    { description: 'Keep several forever', command: 'cachectl touch users:1 users:2 --forever' },
  ];

  static override usage = 'touch [KEY...] (--ttl DURATION | --forever) [FLAGS]';

  static override args = { key: Args.string({ ...keyArgument, multiple: true }) };

  static override flags = {
    ...explicitTtlFlags,
    tags: entryTags,
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
