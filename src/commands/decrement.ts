import { count, countingArgs, countingFlags } from '../features/entries/counting.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { checkedTtl } from '../features/entries/ttl-flags.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Decrement extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Decrement a counter and print its new value.';
  static override description = 'The counterpart of increment. The result may be negative.';

  static override examples = [
    { description: 'Subtract one', command: 'cachectl decrement stock:42' },
    { description: 'Subtract ten', command: 'cachectl decrement stock:42 --by 10' },
  ];

  static override args = countingArgs;

  static override flags = countingFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Decrement);
    const { key } = args;
    checkKeys([key]);
    const ttl = checkedTtl(flags.ttl) ?? undefined;
    await this.withStore(flags, async ({ store }) =>
      count(entriesOf(store, flags.tags), { key, by: -flags.by, ttl }, flags),
    );
  }
}
