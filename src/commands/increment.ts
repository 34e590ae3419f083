import { count, countingArgs, countingFlags } from '../features/entries/counting.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { checkedTtl } from '../features/entries/ttl-flags.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Increment extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Increment a counter and print its new value.';
  static override description = `Atomic, and exact to 64 bits. A missing key starts at 0; an existing entry keeps its TTL. A value that is not a number is an error and stays unchanged. With --ttl, a new counter expires, as in Laravel's rate limiter.`;

  static override examples = [
    { description: 'Add one', command: 'cachectl increment hits' },
    { description: 'Add ten', command: 'cachectl increment hits --by 10' },
    {
      description: 'Allow five per minute across all hosts',
      command: '[ "$(cachectl increment sms:"$USER" --ttl 1m)" -le 5 ] && ./send-sms.sh',
    },
  ];

  static override args = countingArgs;

  static override flags = countingFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Increment);
    const { key } = args;
    checkKeys([key]);
    const ttl = checkedTtl(flags.ttl) ?? undefined;
    await this.withStore(flags, async ({ store }) =>
      count(entriesOf(store, flags.tags), { key, by: flags.by, ttl }, flags),
    );
  }
}
