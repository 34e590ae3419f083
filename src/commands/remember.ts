import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { ProduceOptions } from '../features/remember/producer.js';
import type { Store } from '../stores/contract/store.js';

import { RefusedError, TimeoutError, UnreachableError, UsageError } from '../errors.js';
import { checkKeys } from '../features/entries/repository.js';
import { checkedTtl, explicitTtlFlags } from '../features/entries/ttl-flags.js';
import { OutputCache, type Terms } from '../features/remember/output-cache.js';
import { printRemembered } from '../features/remember/replay.js';
import { commandLine, type CommandLine } from '../runtime/child/command.js';
import { creationFlags, duration, preciseDuration, tagNames } from '../runtime/flags.js';
import { keyArgument } from '../runtime/key-arguments.js';
import { checkPlace } from '../runtime/place-check.js';
import { toFailure } from '../runtime/report-error.js';
import { StoreCommand } from '../runtime/store-command.js';
import { warn } from '../terminal/output.js';

export default class Remember extends StoreCommand {
  static override summary = "Print a command's cached output, or run it and cache the output.";
  static override description = `When several hosts ask at once, one runs the command and the others print its output. Output and exit code are cached exactly; a failed run is not cached. Standard error passes through and is not cached. The command has no standard input.

Exits 75 if another process is still running the command after --wait.`;

  static override usage = 'remember KEY (--ttl DURATION | --forever) [FLAGS] [--] COMMAND [ARGS...]';

  static override examples = [
    {
      description: 'Call a slow service once in ten minutes',
      command: 'cachectl remember rates --ttl 10m -- curl -fsS https://example.com/rates',
    },
    {
      description: 'Serve stale output for another hour while it is refreshed in the background',
      command: 'cachectl remember rates --ttl 10m --stale 1h -- curl -fsS https://example.com/rates',
    },
    {
      description: 'Share the entry with an application that uses Cache::get',
      command: 'cachectl remember version --ttl 1d --value-only -- git describe --tags',
    },
    {
      description: 'Refresh it now',
      command: 'cachectl remember rates --ttl 10m --refresh -- curl -fsS https://example.com/rates',
    },
  ];

  static override strict = false;

  /** The command line ends with the command line of another program. */
  static readonly runsProgram = true;

  static override args = { key: Args.string({ ...keyArgument, required: true }) };

  static override flags = {
    ...explicitTtlFlags,
    stale: duration({
      summary: 'After the TTL, serve stale output for this long while the command runs in the background.',
      dependsOn: ['ttl'],
    }),
    'value-only': Flags.boolean({ default: false, summary: 'Store the output as a string, without the exit code.' }),
    'cache-failures': Flags.boolean({
      default: false,
      summary: 'Cache the output and exit code of a failed run too.',
      exclusive: ['value-only'],
    }),
    refresh: Flags.boolean({ default: false, summary: 'Run the command even if its output is cached.' }),
    tags: tagNames({ summary: 'Tags for the entry.' }),
    ...creationFlags,
    wait: preciseDuration({
      summary: 'How long to wait for another process that runs the command.',
      default: 600,
      defaultHelp: async () => '10m',
    }),
    'on-error': Flags.option({ options: ['fail', 'run'] as const })({
      summary: 'If the store cannot be reached: fail with exit code 3, or run the command without a cache.',
      default: 'fail',
    }),
    behind: Flags.string({ hidden: true, summary: 'Owner of the lock that was taken for a background run.' }),
  };

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(Remember);
    const { key } = args;
    checkKeys([key]);
    const terms: Terms = {
      key,
      tags: flags.tags,
      fresh: checkedTtl(flags.ttl),
      stale: flags.stale,
      valueOnly: flags['value-only'],
    };
    const options: ProduceOptions = {
      terms,
      command: commandOf(this.argv, argv.length),
      cachesFailures: flags['cache-failures'],
      json: flags.json,
      openStore: async () => (await this.openStore(flags)).store,
    };
    const { store, profile } = await this.openStore(flags);
    if (profile.codec === 'raw' && !terms.valueOnly) {
      throw new UsageError(
        `the raw codec of profile ${profile.name} cannot store an exit code`,
        'Add --value-only, or set codec: php or json in the profile.',
      );
    }

    if (flags.behind !== undefined) {
      const { refreshHere } = await import('../features/remember/background-refresh.js');
      process.exitCode = await refreshHere(store, flags.behind, { ...options, wait: 0 });
      return;
    }

    try {
      await checkPlace(store, profile, { place: 'entries', access: 'creates' });
      const isPrinted = !flags.refresh && (await this.#printCached(store, options));
      if (isPrinted) return;
      // Before the command runs, whose output could not be stored.
      if (flags.tags !== undefined) await store.tags(flags.tags).prepare?.();
      const { runAndRemember } = await import('../features/remember/run.js');
      const accepts = flags.refresh ? undefined : () => true;
      process.exitCode = await runAndRemember(store, { ...options, wait: flags.wait, accepts });
    } catch (error) {
      await store.close();
      if (flags['on-error'] === 'fail' || !isOutage(error)) throw error;
      warn(`${toFailure(error).message}; running the command without a cache`);
      const { produce } = await import('../features/remember/producer.js');
      process.exitCode = await produce(options);
    }
  }

  /** Print cached output and close the store. False if there is none. */
  async #printCached(store: Store, { terms, json }: ProduceOptions): Promise<boolean> {
    const seen = await new OutputCache(store, terms).look();
    if (seen === undefined) return false;
    process.exitCode = seen.exitCode;
    await printRemembered(terms.key, seen, { json });
    if (seen.isStale) {
      const { refreshInBackground } = await import('../features/remember/background-refresh.js');
      await refreshInBackground(store, terms, this.argv);
    }

    await store.close();
    return true;
  }
}

/** Whether the store itself fails. */
function isOutage(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof TimeoutError || error instanceof RefusedError;
}

/**
 * The command after `--`. If the key is missing, the program's name would be taken for it.
 * @param words the number of words other than flags
 */
function commandOf(argv: readonly string[], words: number): CommandLine {
  const at = argv.indexOf('--');
  const command = commandLine(at === -1 ? [] : argv.slice(at + 1), USAGE);
  const before = words - command.length;
  if (before === 1) return command;
  throw new UsageError(before === 0 ? 'missing argument KEY' : `there are ${before} keys`, USAGE);
}

const USAGE = 'Write the command after --, as in: cachectl remember KEY --ttl 10m -- ./report.sh';
