import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { Work } from '../runtime/store-command.js';
import type { StatsOptions, StoreStats } from '../stores/contract/stats.js';

import { ExitCode, UsageError } from '../errors.js';
import { preciseDuration } from '../runtime/flags.js';
import { limitYoungGeneration } from '../runtime/heap-tuning.js';
import { interruptedCode } from '../runtime/interrupt.js';
import { StoreCommand } from '../runtime/store-command.js';
import { unsupported } from '../stores/contract/operations.js';
import { answer, answersAPerson, warn } from '../terminal/output.js';
import { printReport } from '../terminal/report.js';

/** The default size of a sample. */
const SAMPLE = 1000;

const MAX_SAMPLE = 100_000;

export default class Stats extends StoreCommand {
  static override summary = 'Show hit ratio, entries, evictions, memory and clients.';
  static override description = `Reads the server's own counters: they run since it started and include every client. A pipe gets NAME<tab>NUMBER lines. Exits 4 if any server did not answer.`;

  static override examples = [
    { description: 'Show statistics', command: 'cachectl stats' },
    { description: 'Watch them live; q quits', command: 'cachectl stats --watch' },
    {
      description: 'Log a line every 10 s for five minutes',
      command: 'cachectl stats --watch --interval 10s --for 5m > stats.tsv',
    },
    { description: 'Show how sizes and TTLs are distributed', command: 'cachectl stats --sample' },
    { description: 'Sample more entries', command: 'cachectl stats --sample 10000 --json' },
  ];

  static override usage = 'stats [--sample [N]] [FLAGS]';

  static override args = {
    size: Args.string({ description: 'With --sample, the number of entries.', hidden: true, ignoreStdin: true }),
  };

  static override flags = {
    sample: Flags.boolean({
      default: false,
      summary: `Show the distribution of sizes and TTLs in a sample of ${SAMPLE} entries, or of N.`,
      exclusive: ['watch'],
    }),
    watch: Flags.boolean({ summary: 'Keep running and show changes.' }),
    interval: preciseDuration({
      summary: 'With --watch, time between two updates. 1s if omitted.',
      dependsOn: ['watch'],
    }),
    for: preciseDuration({ summary: 'With --watch, stop after this time.', dependsOn: ['watch'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Stats);
    const size = flags.sample ? sizeOf(args.size) : undefined;
    if (size !== undefined) limitYoungGeneration();
    if (args.size !== undefined && !flags.sample) {
      throw new UsageError(`unexpected argument ${args.size}`, `For a sample of this size: --sample ${args.size}`);
    }

    const { interval = 1 } = flags;
    if (interval === 0) throw new UsageError('--interval must be more than 0', 'Use --interval 1s or more.');
    await this.withStore(flags, async (work) => {
      if (flags.watch) {
        const { watchStats } = await import('../features/stats/watch.js');
        const look = async (signal: AbortSignal): Promise<StoreStats> => statsOf(work, { signal, brief: true });
        await watchStats(work, { json: flags.json, interval, for: flags.for }, look);
        return interruptedCode(work.interruption);
      }

      return printStats(work, { json: flags.json, size });
    });
  }
}

function sizeOf(text: string | undefined): number {
  if (text === undefined) return SAMPLE;
  const size = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (size > 0 && size <= MAX_SAMPLE) return size;
  throw new UsageError(`invalid sample size "${text}"`, `Use a number from 1 to ${MAX_SAMPLE}.`);
}

async function printStats(
  { store, interruption }: Work,
  { json, size }: { readonly json: boolean; readonly size: number | undefined },
): Promise<number> {
  const { signal } = interruption;
  // One after the other: taking a sample would change the statistics.
  const stats = await statsOf({ store }, { signal });
  const sample = size === undefined ? undefined : await sampleOf({ store, interruption }, size);
  const { statsFields, statsText } = await import('../features/stats/report.js');
  const { sampleSummary, sampleText } = await import('../features/stats/sample-report.js');
  if (!json) for (const note of notesOf(stats)) warn(note);
  if (answersAPerson() && !json) {
    await answer((await statsText(store, stats)) + (sample ? sampleText(sample) : ''));
  } else {
    await printReport(statsFields(store, stats, sample), json);
    if (sample && !json) warn(sampleSummary(sample));
  }

  return stats.servers.some(({ failure }) => failure !== undefined) ? ExitCode.Partial : ExitCode.Yes;
}

/** @throws UnsupportedError for a custom driver without statistics */
async function statsOf({ store }: Pick<Work, 'store'>, options: StatsOptions): Promise<StoreStats> {
  if (store.stats) return store.stats(options);
  throw unsupported(store, 'stats');
}

async function sampleOf({ store, interruption }: Pick<Work, 'interruption' | 'store'>, size: number) {
  const { takeSample } = await import('../stores/listing/sampling.js');
  return takeSample(store, { size, signal: interruption.signal });
}

function notesOf({ servers, notes }: StoreStats): string[] {
  return [...notes, ...servers.flatMap(({ failure }) => (failure === undefined ? [] : [failure.message]))];
}
