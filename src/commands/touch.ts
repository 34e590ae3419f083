import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { Consent } from '../runtime/confirm.js';
import type { GlobalFlags } from '../runtime/flags.js';

import { ExitCode, UsageError } from '../errors.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { printTouched } from '../features/entries/touched.js';
import { checkedTtl, explicitTtlFlags } from '../features/entries/ttl-flags.js';
import { destructiveFlags, entryTags, ifPresent } from '../runtime/flags.js';
import { asPattern, keyArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';

type MatchingFlags = Consent &
  GlobalFlags & { readonly 'dry-run': boolean | undefined; readonly ttl?: number | undefined };

export default class Touch extends StoreCommand {
  static override summary = 'Change the TTL of entries.';
  static override description =
    'Reports for each key whether it existed. Exits 1 if any did not. --pattern leaves locks and tagged entries as they are.';

  static override examples = [
    { description: 'Let an entry expire in ten minutes', command: 'cachectl touch users:1 --ttl 10m' },
    { description: 'Change the TTL of matching entries', command: `cachectl touch --pattern 'views:*' --ttl 1h` },
    { description: 'Keep several forever', command: 'cachectl touch users:1 users:2 --forever' },
  ];

  static override usage = 'touch [KEY... | --pattern GLOB] (--ttl DURATION | --forever) [FLAGS]';

  static override args = { key: Args.string({ ...keyArgument, multiple: true }) };

  static override flags = {
    ...explicitTtlFlags,
    tags: entryTags,
    pattern: Flags.string({
      summary: 'Touch every entry that matches. Asks first.',
      helpValue: 'GLOB',
      exclusive: ['tags', 'if-present'],
      ...asPattern,
    }),
    'if-present': ifPresent,
    ...destructiveFlags,
    // Without a default, which would count as given.
    'dry-run': Flags.boolean({
      summary: 'With --pattern, count the entries and change nothing.',
      dependsOn: ['pattern'],
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Touch);
    if (flags.pattern !== undefined) return this.#touchMatching(args.key, flags.pattern, flags);
    const named = namedKeys(args.key, flags);
    checkKeys(named ?? []);
    const ttl = checkedTtl(flags.ttl);
    await this.withStore(flags, async (work) => {
      const keys = named ?? [await pickKey(work, 'touch')];
      const entries = entriesOf(work.store, flags.tags);
      const touched = await Promise.allSettled(keys.map(async (key) => entries.touch(key, ttl)));
      const exitCode = await printTouched(keys, touched, { ttl, json: flags.json, ifPresent: flags['if-present'] });
      if (exitCode === ExitCode.No) {
        const there = touched.map((result) => result.status === 'fulfilled' && result.value);
        const { explainFirstMiss } = await import('../features/entries/miss.js');
        await explainFirstMiss(work, keys, there, flags);
      }

      return exitCode;
    });
  }

  async #touchMatching(keys: readonly string[] | undefined, pattern: string, flags: MatchingFlags): Promise<void> {
    if (keys !== undefined && keys.length > 0)
      throw new UsageError('keys and --pattern both say what to touch', 'Give one of them.');
    if (pattern === '') throw new UsageError('the pattern is empty', 'Is a variable unset? Quote it and check it.');
    const ttl = checkedTtl(flags.ttl);
    await this.withStore(flags, async (work) => {
      const { touchMatching } = await import('../features/entries/bulk-touch.js');
      return touchMatching(work, { pattern, ttl, dryRun: flags['dry-run'] ?? false }, flags);
    });
  }
}
