import * as Flags from '@oclif/core/flags';

import type { FlushOptions, Store } from '../stores/contract/store.js';

import { ExitCode } from '../errors.js';
import { filterFlags, filterOf, flushSelection } from '../features/flush/selective-flush.js';
import { lockWarnings, stateWarnings } from '../features/flush/warnings.js';
import { bulk } from '../runtime/bulk.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags } from '../runtime/flags.js';
import { keepYoungSpaceSmall } from '../runtime/heap-tuning.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answer, answerJson, warn } from '../terminal/output.js';
import { count, entries } from '../terminal/progress.js';

export default class Flush extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'covers' } as const;
  static override summary = "Remove everything under the profile's prefix, or what matches.";
  static override description = `Keys of other applications on the same server stay, and so do locks, as far as they can be told from entries. With --pattern, --older-than and --larger-than only that goes of which all is so; --dry-run shows some of it. Asks first; without a terminal it takes --yes.`;

  static override examples = [
    { description: 'See what would go', command: '<%= config.bin %> flush --dry-run' },
    { description: 'Flush the cache of a profile', command: '<%= config.bin %> flush --profile shop' },
    {
      description: 'From a deploy script, on a protected profile',
      command: '<%= config.bin %> flush -p shop --yes --confirm shop',
    },
    {
      description: 'See what nobody has used for a month, and takes much',
      command: '<%= config.bin %> flush --older-than 30d --larger-than 100kB --dry-run',
    },
    { description: 'One kind of entries', command: `<%= config.bin %> flush --pattern 'reports:*'` },
    { description: 'Free every lock and keep the entries', command: '<%= config.bin %> flush --locks-only' },
    { description: 'Empty the whole database, whoever wrote it', command: '<%= config.bin %> flush --all' },
  ];

  static override flags = {
    all: Flags.boolean({ default: false, summary: 'The whole database: every prefix, every application, locks too.' }),
    locks: Flags.boolean({ default: false, summary: 'Locks too: every holder loses its lock.' }),
    'locks-only': Flags.boolean({
      default: false,
      summary: 'Locks and nothing else, as cache:clear --locks of Laravel does.',
      exclusive: ['all', 'locks', 'pattern', 'older-than', 'larger-than'],
    }),
    ...filterFlags,
    ...destructiveFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Flush);
    const only = filterOf(flags);
    keepYoungSpaceSmall();
    await this.withStore(flags, async (work) => {
      const { store, profile, interruption } = work;
      if (only !== undefined) {
        const dangers = flags['dry-run'] ? [] : await stateWarnings(store, only.pattern);
        const warnings = [...lockWarnings(store, { scope: 'prefix', locks: false }), ...dangers];
        await flushSelection(work, only, flags, warnings);
        return ExitCode.Yes;
      }

      if (flags['locks-only']) {
        const { flushLocks } = await import('../features/flush/lock-flush.js');
        await flushLocks(work, flags);
        return ExitCode.Yes;
      }

      const scope = flags.all ? 'all' : 'prefix';
      const options = { scope, locks: flags.locks || flags.all } as const;
      const dryRun = flags['dry-run'];
      // What cannot be done is refused before anybody is warned or asked; why, the store says itself.
      if (scope === 'prefix' && !store.capabilities.listing) await store.flush({ ...options, dryRun: true });
      if (!dryRun) {
        const effect = await describeEffect(store, options, flags.yes);
        const warnings = [...lockWarnings(store, options), ...(await stateWarnings(store))];
        await askBeforeDestroying({ store, profile, action: 'flush', effect, warnings }, flags);
      }

      const { removed, keptLocks, leftOthers } = await bulk(dryRun ? 'counted' : 'removed', interruption, (progress) =>
        store.flush({ ...options, ...progress, dryRun }),
      );
      await (flags.json
        ? answerJson({ removed, keptLocks, scope, dryRun, ...(leftOthers !== undefined && { leftOthers }) })
        : answer(`${dryRun ? 'would remove' : 'removed'} ${entries(removed)}${kept(keptLocks)}\n`));
      if (leftOthers !== undefined) warn(leftText(leftOthers, dryRun));
      return ExitCode.Yes;
    });
  }
}

/** Counting first is for the person who reads it; a script with --yes does not wait for it. */
async function describeEffect(store: Store, options: Pick<FlushOptions, 'locks' | 'scope'>, unread: boolean) {
  const what = options.scope === 'all' ? 'the whole database, every prefix in it' : under(store);
  if (unread || !process.stderr.isTTY || !process.stdin.isTTY) return `removes ${what}`;
  const { removed, keptLocks } = await store.flush({ ...options, dryRun: true });
  return `removes ${what}: ${entries(removed)}${kept(keptLocks)}`;
}

function under({ prefix }: Store): string {
  return prefix === '' ? 'everything (the profile has no prefix)' : `what lies under the prefix ${prefix}`;
}

function leftText(others: number, dryRun: boolean): string {
  const what = others === 1 ? '1 document of another layout' : `${count(others)} documents of another layout`;
  return `warning: ${what} ${dryRun ? 'would stay' : 'stayed'}: no cache wrote them\n  cachectl doctor says what is in the way.`;
}

function kept(locks: number): string {
  return locks === 0 ? '' : `, kept ${count(locks)} ${locks === 1 ? 'lock' : 'locks'}`;
}
