import * as Args from '@oclif/core/args';

import type { Entry, Reading, Repository } from '../stores/contract/store.js';

import { ClosedPipeError, PartialError } from '../errors.js';
import { namedKeys, pickKey } from '../features/entries/key-picker.js';
import { readingFlags } from '../features/entries/reading-flags.js';
import { isReadable, printReadings } from '../features/entries/readings.js';
import { checkKeys, entriesOf } from '../features/entries/repository.js';
import { askBeforeDestroying } from '../runtime/confirm.js';
import { destructiveFlags, entryTags } from '../runtime/flags.js';
import { keyArgument } from '../runtime/key-arguments.js';
import { StoreCommand } from '../runtime/store-command.js';
import { printKey } from '../stores/entries/printed-key.js';
import { isDelivered } from '../terminal/output.js';

export default class Pull extends StoreCommand {
  static override summary = 'Read an entry and remove it, atomically.';
  static override description = `When several callers pull at once, one gets the value and the others get a miss. Prints like get and exits 1 on a miss. A value that cannot be printed, as on a full disk, is put back. One that cannot be decoded is removed only with --raw.`;

  static override examples = [
    { description: 'Use a one-time token', command: 'TOKEN=$(cachectl pull token:ann) || exit' },
    { description: 'Pull a tagged entry', command: 'cachectl pull John --tags people,artists' },
    { description: 'Show what would be removed', command: 'cachectl pull token:ann --dry-run' },
  ];

  static override args = { key: Args.string(keyArgument) };

  static override flags = {
    tags: entryTags,
    ...readingFlags,
    ...destructiveFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pull);
    const named = namedKeys(args.key === undefined ? undefined : [args.key], flags);
    checkKeys(named ?? []);
    await this.withStore(flags, async (work) => {
      const { store, profile } = work;
      const key = named?.[0] ?? (await pickKey(work, 'pull'));
      const entries = entriesOf(store, flags.tags);
      const dryRun = flags['dry-run'];
      if ((profile.protected || named === undefined) && !dryRun) {
        const effect = `removes ${printKey(key)}`;
        await askBeforeDestroying({ store, profile, action: 'pull', effect }, flags);
      }

      const reading = dryRun ? (await entries.many([key]))[0] : await taken(entries, key, flags.raw);
      const exitCode = await printReadings([key], [reading], flags).catch(onlyClosedPipes);
      const isTaken = !dryRun && reading !== undefined && !(reading instanceof Error);
      if (isTaken && !(await isDelivered())) await putBack(entries, key, reading);
      if (reading === undefined && flags.default === undefined) {
        const { explainFirstMiss } = await import('../features/entries/miss.js');
        await explainFirstMiss(work, [key], [false], flags);
      }

      return exitCode;
    });
  }
}

function onlyClosedPipes(error: unknown): number {
  if (error instanceof ClosedPipeError) return error.exitCode;
  throw error;
}

/** Restore an entry whose value could not be printed. @throws PartialError always */
async function putBack(entries: Repository, key: string, entry: Entry): Promise<never> {
  const what = `the value of ${printKey(key)} could not be written`;
  const hint = 'Check the disk space, and that standard output is open.';
  // Without its TTL, it might never expire.
  if (entry.ttl === undefined)
    throw new PartialError(`${what} and is lost, because this store does not report TTLs`, hint);
  const isBack = await entries.add(key, entry.decode(), entry.ttl);
  throw new PartialError(
    `${what}; ${isBack ? 'it was put back' : 'it is lost, because the key has a new value'}`,
    hint,
  );
}

/** An entry that cannot be decoded is not removed. A miss is looked up once, as Laravel does. */
async function taken(entries: Repository, key: string, isRaw: boolean): Promise<Reading> {
  const [seen] = await entries.many([key], { withTtl: false });
  return seen !== undefined && (isRaw || isReadable(seen)) ? entries.pull(key) : seen;
}
