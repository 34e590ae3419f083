import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { EntryPages, ListedEntry } from '../stores/contract/listing.js';

import { entryColumns, keyColumns, sortedColumns } from '../features/keys/columns.js';
import { type Order, ORDERS, sorted } from '../features/keys/order.js';
import { countKeys, entryPages, flattened, withContents } from '../features/keys/selection.js';
import { printTree, treeFields } from '../features/keys/tree-report.js';
import { KeyTree } from '../features/keys/tree.js';
import { limitYoungGeneration } from '../runtime/heap-tuning.js';
import { interruptedCode, untilInterrupted, whole } from '../runtime/interrupt.js';
import { patternArgument } from '../runtime/key-arguments.js';
import { isBuiltIn } from '../runtime/place-check.js';
import { sameStore } from '../runtime/select-profile.js';
import { StoreCommand, type Work } from '../runtime/store-command.js';
import { printList } from '../terminal/list.js';
import { answer, answerJson, note } from '../terminal/output.js';
import { countOf, ProgressBar } from '../terminal/progress.js';

const TREE = ['count', 'long', 'sort', 'reverse', 'idle'];

export default class Keys extends StoreCommand {
  static override summary = 'List keys, count them, or summarize them as a tree.';
  static override description = `Streams, so memory use stays flat. --sort holds all entries in memory, or as many as --limit allows. Locks that are stored among the entries are listed. On Redis before 7.2, --long, --sort and --tree count as use of an entry, except with --idle or --sort idle.`;

  static override examples = [
    { description: 'List all keys', command: 'cachectl keys' },
    { description: 'Count matching keys', command: `cachectl keys 'users:*' --count` },
    { description: 'Show what the cache is made of', command: 'cachectl keys --tree' },
    { description: 'List the ten largest entries', command: 'cachectl keys --sort size --limit 10 --long' },
    {
      description: 'List the ten entries that have been idle longest',
      command: 'cachectl keys --sort idle --limit 10 --long',
    },
  ];

  static override args = { pattern: Args.string({ ...patternArgument, default: '*' }) };

  static override flags = {
    long: Flags.boolean({ char: 'l', default: false, summary: 'Show type, size, TTL and tags.' }),
    idle: Flags.boolean({
      summary: 'With --long, show the time since last use (Redis, Memcached).',
      dependsOn: ['long'],
    }),
    sort: Flags.option({ options: ORDERS })({
      summary: 'Sort by key, largest, next to expire, or longest idle.',
    }),
    reverse: Flags.boolean({ summary: 'Reverse the order.', dependsOn: ['sort'] }),
    limit: Flags.integer({ summary: 'List at most N keys; with --tree, N per branch.', min: 1, helpValue: 'N' }),
    count: Flags.boolean({
      default: false,
      summary: 'Print the number of keys only.',
      exclusive: ['long', 'sort', 'limit', 'tree'],
    }),
    tree: Flags.boolean({
      default: false,
      summary: 'Group keys by their parts, with entries and bytes. Numbers, UUIDs and hashes count as *.',
      exclusive: TREE,
    }),
    separator: Flags.string({
      default: ':',
      summary: 'With --tree, the text between the parts of a key.',
      helpValue: 'TEXT',
    }),
    depth: Flags.integer({
      default: 3,
      min: 1,
      max: 20,
      summary: 'With --tree, the number of levels.',
      helpValue: 'N',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Keys);
    limitYoungGeneration();
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
        const entries = untilInterrupted(interruption, listed(work, pattern, flags));
        say(await printList(entries, flags.long ? entryColumns : sortedColumns(flags.sort!), flags), work, flags);
      } else say(await printList(untilInterrupted(interruption, store.keys(pattern)), keyColumns, flags), work, flags);

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

  const pages = withProgress(entryPages(store, 'their sizes and TTLs', options));
  const entries = await whole(interruption, async () => sorted(pages, { order, reverse, limit }));
  yield* long ? withContents(store, entries, interruption.signal) : entries;
}

async function grow({ store, interruption }: Work, pattern: string, tree: KeyTree): Promise<void> {
  await whole(interruption, async ({ signal }) => {
    for await (const page of withProgress(entryPages(store, 'their sizes', { pattern, signal }))) {
      for (const { key, size } of page) tree.add(key, size);
    }
  });
}

/** Shows progress while entries are read that are printed only at the end. */
async function* withProgress(pages: EntryPages): AsyncGenerator<readonly ListedEntry[]> {
  const bar = new ProgressBar('read');
  let done = 0;
  try {
    for await (const page of pages) {
      done += page.length;
      bar.update({ done });
      yield page;
    }
  } finally {
    bar.clear();
  }
}

function say(printed: number, { store, profile }: Work, { json }: { readonly json: boolean }): void {
  if (json) return;
  if (printed > 0) note(countOf(printed, 'key'));
  else if (store.prefix === '' || isBuiltIn(profile)) note('no keys');
  else note(`no keys with the prefix ${store.prefix}; which prefixes exist: cachectl doctor${sameStore()}`);
}
