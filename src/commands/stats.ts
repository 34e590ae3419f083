import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { Work } from '../runtime/store-command.js';
import type { StatsOptions, StoreStats } from '../stores/contract/stats.js';

import { ExitCode, UnsupportedError, UsageError } from '../errors.js';
import { preciseDuration } from '../runtime/flags.js';
import { interruptedCode } from '../runtime/interrupt.js';
import { StoreCommand } from '../runtime/store-command.js';
import { answer, answerJson, answersAPerson, warn } from '../terminal/output.js';

/** Entries of a sample when nothing is said. */
const SAMPLE = 1000;

const LARGEST_SAMPLE = 100_000;

export default class Stats extends StoreCommand {
  static override summary =
    'Show how the cache fares: entries, hit ratio, evictions, memory, clients; live with --watch.';
  static override description = `The figures are those of the servers themselves: counters run since each was started, and take in whoever uses it. What a store does not tell is left out, and null with --json. In a pipe it is a line for each: name, tab, number. Exits 4 when a server of several could not be asked.`;

  static override examples = [
    { description: 'How the cache fares', command: '<%= config.bin %> stats' },
    { description: 'Live, until q is pressed', command: '<%= config.bin %> stats --watch' },
    {
      description: 'A line every 10s, for five minutes',
      command: '<%= config.bin %> stats --watch --interval 10s --for 5m > stats.tsv',
    },
    { description: 'How large entries are, and how long they live', command: '<%= config.bin %> stats --sample' },
    {
      description: 'The same of a larger sample, for a program',
      command: '<%= config.bin %> stats --sample 10000 --json',
    },
  ];

  static override usage = 'stats [--sample [N]] [--watch] [FLAGS]';

  static override args = {
    size: Args.string({ description: 'With --sample: how many entries.', hidden: true, ignoreStdin: true }),
  };

  static override flags = {
    sample: Flags.boolean({
      default: false,
      summary: `Also spread out sizes and ttls of a sample of the entries; of ${SAMPLE}, or --sample N.`,
      exclusive: ['watch'],
    }),
    watch: Flags.boolean({ summary: 'Go on, and show what comes from one look to the next.' }),
    interval: preciseDuration({ summary: 'From one look to the next; 1s when left out.', dependsOn: ['watch'] }),
    for: preciseDuration({ summary: 'End after this time.', dependsOn: ['watch'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Stats);
    const size = flags.sample ? sizeOf(args.size) : undefined;
    if (args.size !== undefined && !flags.sample) {
      throw new UsageError(`${args.size} is the size of a sample that is not asked for`, `Write --sample ${args.size}`);
    }

    const { interval = 1 } = flags;
    if (interval === 0) throw new UsageError('--interval 0 would never stop asking', 'Write --interval 1s or more.');
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
  if (size > 0 && size <= LARGEST_SAMPLE) return size;
  throw new UsageError(`"${text}" is no size of a sample`, `Write a number from 1 to ${LARGEST_SAMPLE}.`);
}

async function printStats(
  { store, interruption }: Work,
  { json, size }: { readonly json: boolean; readonly size: number | undefined },
): Promise<number> {
  const { signal } = interruption;
  // One after the other: taking a sample would show in the figures.
  const stats = await statsOf({ store }, { signal });
  const sample = size === undefined ? undefined : await sampleOf({ store, interruption }, size);
  const { sampleFields, sampleLines, sampleSummary, sampleText } = await import('../features/stats/sample-report.js');
  if (json) {
    const { statsFields } = await import('../features/stats/fields.js');
    await answerJson({ ...statsFields(store, stats), ...(sample && { sample: sampleFields(sample) }) });
  } else {
    const { statsLines, statsText } = await import('../features/stats/report.js');
    for (const note of notesOf(stats)) warn(note);
    const isRead = answersAPerson();
    await answer(isRead ? statsText(store, stats) : statsLines(stats));
    if (sample && !isRead) warn(sampleSummary(sample));
    if (sample) await answer(isRead ? sampleText(sample) : sampleLines(sample));
  }

  return stats.servers.some(({ failure }) => failure !== undefined) ? ExitCode.Partial : ExitCode.Yes;
}

/** @throws UnsupportedError where a driver of the user's own tells nothing */
async function statsOf({ store }: Pick<Work, 'store'>, options: StatsOptions): Promise<StoreStats> {
  if (store.stats) return store.stats(options);
  throw new UnsupportedError(
    `the ${store.driver} store tells nothing of itself`,
    'Its driver has no stats(); docs/custom-drivers.md says what that gives.',
  );
}

async function sampleOf({ store, interruption }: Pick<Work, 'interruption' | 'store'>, size: number) {
  const { takeSample } = await import('../stores/listing/sampling.js');
  return takeSample(store, { size, signal: interruption.signal });
}

function notesOf({ servers, notes }: StoreStats): string[] {
  return [...notes, ...servers.flatMap(({ failure }) => (failure === undefined ? [] : [failure.message]))];
}
