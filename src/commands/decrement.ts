import { count, countingArgs, countingFlags } from '../features/entries/counting.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { checkedTtl } from '../features/entries/ttl-flags.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Decrement extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Count a number down, and print what it is then.';
  static override description = `As increment, the other way; a number may well go below zero.`;

  static override examples = [
    { description: 'One less', command: '<%= config.bin %> decrement stock:42' },
    { description: 'Ten less', command: '<%= config.bin %> decrement stock:42 --by 10' },
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
