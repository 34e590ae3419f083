import * as Flags from '@oclif/core/flags';

import type { FlushOptions, Store } from '../stores/contract/store.js';

import { ExitCode } from '../errors.js';
import { filterFlags, filterOf, flushSelection } from '../features/flush/selective-flush.js';
import { lockWarnings, stateWarnings } from '../features/flush/warnings.js';
import { bulk } from '../runtime/bulk.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags } from '../runtime/flags.js';
import { limitYoungGeneration } from '../runtime/heap-tuning.js';
import { StoreCommand, type Work } from '../runtime/store-command.js';
import { noFlushByPrefix } from '../stores/contract/operations.js';
import { answer, answerJson, warn } from '../terminal/output.js';
import { countOf, entries } from '../terminal/progress.js';

export default class Flush extends StoreCommand {
  static override placeUse = { place: 'entries', access: 'covers' } as const;
  static override summary = 'Remove all entries under the prefix, or those that match.';
  static override description = `Keeps other applications' keys, and keeps locks that can be recognized. Several conditions must all match. Asks first; without a terminal, --yes is required.`;

  static override examples = [
    { description: 'Show what would be removed', command: 'cachectl flush --dry-run' },
    { description: 'Flush the cache of a profile', command: 'cachectl flush --profile shop' },
    {
      description: 'Flush a protected profile in a deploy script',
      command: 'cachectl flush -p shop --yes --confirm shop',
    },
    {
      description: 'Show large entries that have not been used for a month',
      command: 'cachectl flush --idle-for 30d --larger-than 100kB --dry-run',
    },
    { description: 'Remove matching entries', command: `cachectl flush --pattern 'reports:*'` },
    { description: 'Release every lock and keep the entries', command: 'cachectl flush --locks-only' },
    { description: 'Empty the whole database', command: 'cachectl flush --all' },
  ];

  static override flags = {
    ...filterFlags,
    locks: Flags.boolean({ default: false, summary: 'Remove locks as well. Their holders lose them.' }),
    'locks-only': Flags.boolean({
      default: false,
      summary: "Remove locks and keep entries, as Laravel's cache:clear --locks does.",
      exclusive: ['all', 'locks', 'pattern', 'idle-for', 'larger-than'],
    }),
    all: Flags.boolean({
      default: false,
      summary: 'Remove everything in the database: every prefix, every application, all locks.',
    }),
    ...destructiveFlags,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Flush);
    const only = filterOf(flags);
    limitYoungGeneration();
    if (flags['locks-only']) {
      const flushing = async (work: Work): Promise<number> => {
        const { flushLocks } = await import('../features/locks/flush-locks.js');
        await flushLocks(work, flags);
        return ExitCode.Yes;
      };

      await this.withStore(flags, flushing, { place: 'locks', access: 'covers' });
      return;
    }

    await this.withStore(flags, async (work) => {
      const { store, profile, interruption } = work;
      if (only !== undefined) {
        const dangers = flags['dry-run'] ? [] : await stateWarnings(store, only.pattern);
        const warnings = [...lockWarnings(store, { scope: 'prefix', locks: false }), ...dangers];
        await flushSelection(work, only, flags, warnings);
        return ExitCode.Yes;
      }

      const scope = flags.all ? 'all' : 'prefix';
      const options = { scope, locks: flags.locks || flags.all } as const;
      const dryRun = flags['dry-run'];
      // Fail before the prompt.
      if (scope === 'prefix' && !store.supports('keys')) throw noFlushByPrefix(store);
      if (!dryRun) {
        const effect = await describeEffect(store, options, flags.yes);
        const warnings = [...lockWarnings(store, options), ...(await stateWarnings(store))];
        await askBeforeDestroying({ store, profile, action: 'flush', effect, warnings }, flags);
      }

      const { removed, keptLocks, leftOthers } = await bulk(dryRun ? 'counted' : 'removed', interruption, (progress) =>
        store.flush({ ...options, ...progress, dryRun }),
      );
      await (flags.json
        ? answerJson({ [dryRun ? 'wouldRemove' : 'removed']: removed, keptLocks, scope, dryRun, foreign: leftOthers })
        : answer(`${dryRun ? 'would remove' : 'removed'} ${entries(removed)}${kept(keptLocks)}\n`));
      if (leftOthers !== undefined) warn(leftText(leftOthers, dryRun));
      return ExitCode.Yes;
    });
  }
}

/** Counts only if a person reads the prompt. */
async function describeEffect(store: Store, options: Pick<FlushOptions, 'locks' | 'scope'>, unread: boolean) {
  const what = options.scope === 'all' ? 'the whole database, every prefix in it' : under(store);
  if (unread || !process.stderr.isTTY || !process.stdin.isTTY) return `removes ${what}`;
  const { removed, keptLocks } = await store.flush({ ...options, dryRun: true });
  return `removes ${what}: ${entries(removed)}${kept(keptLocks)}`;
}

function under({ prefix }: Store): string {
  return prefix === '' ? 'everything, as the profile has no prefix' : `everything under the prefix ${prefix}`;
}

function leftText(others: number, dryRun: boolean): string {
  const what = countOf(others, 'document of another layout', 'documents of another layout');
  return `warning: ${dryRun ? 'would keep' : 'kept'} ${what}\n  No cache wrote them. To examine them, run: cachectl doctor`;
}

function kept(locks: number): string {
  return locks === 0 ? '' : `, kept ${countOf(locks, 'lock')}`;
}
