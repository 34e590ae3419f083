import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { ListedEntry } from '../stores/contract/listing.js';

import { keyFields, keysText, withContents } from '../features/keys/fields.js';
import { type Order, ORDERS, sorted } from '../features/keys/order.js';
import { printEntries, printKeys, printTree, treeFields } from '../features/keys/report.js';
import { countKeys, entryPages, flattened, untilInterrupted, whole } from '../features/keys/selection.js';
import { KeyTree } from '../features/keys/tree.js';
import { keepYoungSpaceSmall } from '../runtime/heap-tuning.js';
import { interruptedCode } from '../runtime/interrupt.js';
import { asPattern } from '../runtime/key-arguments.js';
import { StoreCommand, type Work } from '../runtime/store-command.js';
import { printKey } from '../stores/entries/printed-key.js';
import { answerList } from '../terminal/json-list.js';
import { answer, answerJson, note } from '../terminal/output.js';

const TREE = ['count', 'long', 'sort', 'reverse', 'idle'];

export default class Keys extends StoreCommand {
  static override summary = 'List the keys, count them, or see what the cache is made of.';
  static override description = `Streams: the first key comes at once, and memory stays the same however many there are. --sort has to hold what it sorts, or, with --limit, that many. Tags' bookkeeping is left out; locks that lie among the entries are listed, and --long says which they are. On Redis before 7.2, --long, --sort and --tree count as using the entries, unless it is asked since when they have not been used.`;

  static override examples = [
    { description: 'All keys, one a line', command: '<%= config.bin %> keys' },
    { description: 'How many there are of a kind', command: `<%= config.bin %> keys 'users:*' --count` },
    { description: 'What the cache is made of, the largest first', command: '<%= config.bin %> keys --tree' },
    {
      description: 'The ten largest entries, with type, size, ttl and tags',
      command: '<%= config.bin %> keys --sort size --limit 10 --long',
    },
    {
      description: 'What nobody has used for longest',
      command: '<%= config.bin %> keys --sort idle --limit 10 --long',
    },
  ];

  static override args = {
    pattern: Args.string({
      description: 'Only keys that match, e.g. users:*',
      default: '*',
      ignoreStdin: true,
      ...asPattern,
    }),
  };

  static override flags = {
    long: Flags.boolean({ char: 'l', default: false, summary: 'With type, size, ttl and tags.' }),
    idle: Flags.boolean({
      summary: 'With --long: and since when each has not been used (Redis, Memcached).',
      dependsOn: ['long'],
    }),
    sort: Flags.option({ options: ORDERS })({
      summary: 'By key, the largest, what expires next, or what was not used for longest first.',
    }),
    reverse: Flags.boolean({ summary: 'The other way round.', dependsOn: ['sort'] }),
    limit: Flags.integer({ summary: 'No more than so many; of --tree, in each branch.', min: 1, helpValue: 'N' }),
    count: Flags.boolean({
      default: false,
      summary: 'Only how many there are.',
      exclusive: ['long', 'sort', 'limit', 'tree'],
    }),
    tree: Flags.boolean({
      default: false,
      summary: 'Fold the keys by their parts, with entries and bytes; numbers, UUIDs and hashes are one.',
      exclusive: TREE,
    }),
    separator: Flags.string({
      default: ':',
      summary: 'What stands between the parts, with --tree.',
      helpValue: 'TEXT',
    }),
    depth: Flags.integer({
      default: 3,
      min: 1,
      max: 20,
      summary: 'How many parts --tree tells apart.',
      helpValue: 'N',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Keys);
    keepYoungSpaceSmall();
    await this.withStore(flags, async (work) => {
      const { store, interruption } = work;
      const { pattern } = args;
      if (flags.count) {
        const number = await countKeys(store, interruption, pattern);
        await (flags.json ? answerJson({ count: number }) : answer(`${number}\n`));
      } else if (flags.tree) {
        const tree = new KeyTree(flags.separator, flags.depth);
        await grow(work, pattern, tree);
        await (flags.json ? answerJson(treeFields(tree.whole, flags.limit)) : printTree(tree.whole, flags.limit));
      } else if (flags.long || flags.sort !== undefined) {
        const entries = untilInterrupted(listed(work, pattern, flags), interruption, flags.limit);
        if (flags.json) await answerList(entries, flags.long ? keyFields : ({ key }) => ({ key: printKey(key) }));
        else say(await (flags.long ? printEntries(entries) : printKeys(keysOf(entries))));
      } else {
        const keys = untilInterrupted(store.keys(pattern), interruption, flags.limit);
        if (flags.json) await answerList(keys, (key) => ({ key: printKey(key) }));
        else say(await printKeys(keys));
      }

      return interruptedCode(interruption);
    });
  }
}

interface Listing {
  readonly long: boolean;
  readonly idle: boolean | undefined;
  readonly sort?: Order | undefined;
  readonly reverse: boolean | undefined;
  readonly limit?: number | undefined;
}

async function* listed(work: Work, pattern: string, flags: Listing): AsyncGenerator<ListedEntry> {
  const { store, interruption } = work;
  const { long, idle = false, sort: order, reverse = false, limit } = flags;
  const options = { pattern, signal: interruption.signal, tags: long, idle: idle || order === 'idle' };
  if (order === undefined) {
    yield* flattened(entryPages(store, 'their types and sizes', { ...options, contents: true }));
    return;
  }

  const pages = entryPages(store, 'what they are sorted by', options);
  const entries = await whole(interruption, async () => sorted(pages, { order, reverse, limit }));
  yield* long ? withContents(store, entries, interruption.signal) : entries;
}

async function grow({ store, interruption }: Work, pattern: string, tree: KeyTree): Promise<void> {
  await whole(interruption, async ({ signal }) => {
    for await (const page of entryPages(store, 'their sizes', { pattern, signal })) {
      for (const { key, size } of page) tree.add(key, size);
    }
  });
}

async function* keysOf(entries: AsyncIterable<ListedEntry>): AsyncGenerator<string> {
  for await (const { key } of entries) yield key;
}

function say(printed: number): void {
  note(printed === 0 ? 'no keys' : keysText(printed));
}
