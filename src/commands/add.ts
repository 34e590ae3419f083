import { entriesOf } from '../features/entries/repository.js';
import { storeEntry, storingArgs, storingFlags, writtenEntry } from '../features/entries/storing.js';
import { checkedTtl } from '../features/entries/ttl-flags.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Add extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Store an entry if its key is not in use.';
  static override description =
    'Checking and storing is one atomic step. Exits 1 if the key exists, and leaves it unchanged.';

  static override examples = [
    {
      description: 'Run something once a day, on one of several hosts',
      command: 'cachectl add report:sent:"$(date +%F)" "$(hostname)" --ttl 2d && ./send-report.sh',
    },
    { description: 'Store a structure', command: `cachectl add users:1 '{"name":"Ann"}' --as json --ttl 1h` },
  ];

  static override args = storingArgs;

  static override flags = storingFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Add);
    const ttl = checkedTtl(flags.ttl);
    const entry = await writtenEntry({ ...args, ...flags }, '`add KEY VALUE`');
    await this.withStore(flags, async ({ store }) =>
      storeEntry(entriesOf(store, flags.tags), { ...entry, ttl }, { ifAbsent: true, json: flags.json }),
    );
  }
}
