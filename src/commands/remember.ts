import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { ProduceOptions } from '../features/remember/producer.js';
import type { Store } from '../stores/contract/store.js';

import { RefusedError, TimeoutError, UnreachableError, UsageError } from '../errors.js';
import { checkKeys } from '../features/entries/repository.js';
import { checkedTtl, explicitTtlFlags } from '../features/entries/ttl-flags.js';
import { Memory, type Terms } from '../features/remember/output-cache.js';
import { printRemembered } from '../features/remember/replay.js';
import { commandLine, type CommandLine } from '../runtime/child/command.js';
import { duration, preciseDuration, tagNames } from '../runtime/flags.js';
import { asKey } from '../runtime/key-arguments.js';
import { toFailure } from '../runtime/report-error.js';
import { StoreCommand } from '../runtime/store-command.js';
import { warn } from '../terminal/output.js';

export default class Remember extends StoreCommand {
  static override summary = 'Print the output of a command, which is run only when it is not in the cache.';
  static override description = `However many ask at the same time, on however many hosts, one of them runs the command, and the others print what it printed. Output is kept to the byte, with the exit code, which is passed on from the cache, too. A command that fails is not kept, unless --cache-failures says so. Its standard error is passed through while it runs, and is not kept; it has no standard input.

With --stale an output that is old is printed at once, and made anew in the background, in Laravel's own way (Cache::flexible). With --value-only an entry is the output alone, as a string, so that an application reads and writes it, too.

Exits 75 when somebody else runs the command, and is not done within --wait. docs/remember.md tells it all.`;

  static override usage = 'remember KEY --ttl DURATION [FLAGS] [--] COMMAND [ARGS...]';

  static override examples = [
    {
      description: 'Ask a slow service once in ten minutes',
      command: '<%= config.bin %> remember rates --ttl 10m -- curl -fsS https://example.com/rates',
    },
    {
      description: 'Never wait for it again: an old answer is printed for another hour while a new one is fetched',
      command: '<%= config.bin %> remember rates --ttl 10m --stale 1h -- curl -fsS https://example.com/rates',
    },
    {
      description: 'Share an entry with an application, which reads it by Cache::get',
      command: '<%= config.bin %> remember version --ttl 1d --value-only -- git describe --tags',
    },
    {
      description: 'Make it anew now',
      command: '<%= config.bin %> remember rates --ttl 10m --refresh -- curl -fsS https://example.com/rates',
    },
  ];

  static override strict = false;

  /** Its command line ends with another program's. */
  static readonly runsProgram = true;

  static override args = {
    key: Args.string({ description: 'The key, without prefixes.', required: true, ignoreStdin: true, ...asKey }),
  };

  static override flags = {
    ...explicitTtlFlags,
    stale: duration({
      summary: 'For how much longer an old output is printed at once, while a new one is made in the background.',
      dependsOn: ['ttl'],
    }),
    'value-only': Flags.boolean({ default: false, summary: 'Keep the output as a string, without the exit code.' }),
    'cache-failures': Flags.boolean({
      default: false,
      summary: 'Keep what the command printed, and its exit code, when it failed, too.',
      exclusive: ['value-only'],
    }),
    refresh: Flags.boolean({ default: false, summary: 'Run the command, whatever is in the cache.' }),
    tags: tagNames({ summary: 'Keep it under these tags.' }),
    wait: preciseDuration({
      summary: 'How long to wait for somebody else who runs it.',
      default: 600,
      defaultHelp: async () => '10m',
    }),
    'on-error': Flags.option({ options: ['fail', 'run'] as const })({
      summary: 'When the store cannot be reached: run nothing and exit 3, or run the command without a cache.',
      default: 'fail',
    }),
    behind: Flags.string({ hidden: true, summary: 'The owner of a lock that was taken for a run in the background.' }),
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
        `profile ${profile.name} has the raw codec, which holds no exit code beside an output`,
        'Add --value-only, or set codec: php or json in the profile.',
      );
    }

    if (flags.behind !== undefined) {
      const { refreshHere } = await import('../features/remember/background-refresh.js');
      process.exitCode = await refreshHere(store, flags.behind, { ...options, wait: 0 });
      return;
    }

    try {
      const isPrinted = !flags.refresh && (await this.#printKept(store, options));
      if (isPrinted) return;
      const { runAndRemember } = await import('../features/remember/run.js');
      const accepts = flags.refresh ? undefined : () => true;
      process.exitCode = await runAndRemember(store, { ...options, wait: flags.wait, accepts });
    } catch (error) {
      await store.close();
      if (flags['on-error'] === 'fail' || !isOutage(error)) throw error;
      warn(`${toFailure(error).message}; the command is run without a cache`);
      const { produce } = await import('../features/remember/producer.js');
      process.exitCode = await produce(options);
    }
  }

  /** False when there is nothing. The store is closed when there is. */
  async #printKept(store: Store, { terms, json }: ProduceOptions): Promise<boolean> {
    const seen = await new Memory(store, terms).look();
    if (seen === undefined) return false;
    process.exitCode = seen.exitCode;
    await printRemembered(terms.key, seen, { json });
    if (seen.isStale) {
      const { refreshBehind } = await import('../features/remember/background-refresh.js');
      await refreshBehind(store, terms, this.argv);
    }

    await store.close();
    return true;
  }
}

/** The cache does not work, whatever is in it. */
function isOutage(error: unknown): boolean {
  return error instanceof UnreachableError || error instanceof TimeoutError || error instanceof RefusedError;
}

/**
 * What stands behind two dashes, and nothing else: a key that was left out would have the program for one.
 * @param words how many words there are beside the flags
 */
function commandOf(argv: readonly string[], words: number): CommandLine {
  const at = argv.indexOf('--');
  const command = commandLine(at === -1 ? [] : argv.slice(at + 1), USAGE);
  const before = words - command.length;
  if (before === 1) return command;
  throw new UsageError(before === 0 ? 'no key was given' : `there are ${before} keys`, USAGE);
}

const USAGE = 'Write the command after two dashes: remember KEY --ttl 10m -- ./report.sh';
