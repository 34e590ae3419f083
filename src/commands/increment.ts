import { count, countingArgs, countingFlags } from '../features/entries/counting.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { checkedTtl } from '../features/entries/ttl-flags.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Increment extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Count a number up, and print what it is then.';
  static override description = `Counts in one step in the store, so that nothing is lost however many count at once; to 64 bits, exactly. A key that is not there starts at 0. An entry that is there keeps the time that it has left; a value that is no number is left as it is, and is an error.

With --ttl a counter that is not there yet is added at 0 with that ttl and then counted, as Laravel's rate limiter does: two steps, of which each is atomic. A counter that stands at 0 and never expires gets the ttl, too.`;

  static override examples = [
    { description: 'Count', command: '<%= config.bin %> increment hits' },
    { description: 'By ten', command: '<%= config.bin %> increment hits --by 10' },
    {
      description: 'At most five in a minute, over all hosts',
      command: '[ "$(<%= config.bin %> increment sms:"$USER" --ttl 1m)" -le 5 ] && ./send-sms.sh',
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
