import { entriesOf } from '../features/entries/repository.js';
import { storeEntry, storingArgs, storingFlags, writtenEntry } from '../features/entries/storing.js';
import { checkedTtl } from '../features/entries/ttl-flags.js';
import { StoreCommand } from '../runtime/store-command.js';

export default class Add extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'creates' } as const;
  static override summary = 'Store an entry only when its key is not there.';
  static override description = `Looks and stores in one step, so that of many who try at once one is told yes. Exits 1 when the key is there, and leaves it as it is. The same as put --if-absent.`;

  static override examples = [
    {
      description: 'Once a day, whoever comes first',
      command: '<%= config.bin %> add report:sent:"$(date +%F)" "$(hostname)" --ttl 2d && ./send-report.sh',
    },
    { description: 'A structure', command: `<%= config.bin %> add users:1 '{"name":"Ann"}' --as json --ttl 1h` },
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
