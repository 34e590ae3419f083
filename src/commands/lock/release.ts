import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { Work } from '../../runtime/store-command.js';
import type { Lock, LockHolder } from '../../stores/contract/store.js';

import { ExitCode, UsageError } from '../../errors.js';
import { checkKeys } from '../../features/entries/repository.js';
import { lockFlags } from '../../features/locks/flags.js';
import { pickLock } from '../../features/locks/lock-picker.js';
import { releaseSelected } from '../../features/locks/sweep.js';
import { heldByText, heldText, notYoursText } from '../../features/locks/text.js';
import { askBeforeDestroying } from '../../runtime/confirm.js';
import { destructiveFlags } from '../../runtime/flags.js';
import { asKey, asPattern, lockArgument } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { nameText, ownerField, ownerText } from '../../stores/locks/description.js';
import { answerJson, note, warn } from '../../terminal/output.js';
import { canAsk } from '../../terminal/picker.js';

interface ReleaseFlags {
  readonly yes: boolean;
  readonly confirm?: string | undefined;
  readonly 'dry-run': boolean;
  readonly json: boolean;
}

export default class LockRelease extends StoreCommand {
  static override placeUse = { place: 'locks', access: 'reads' } as const;
  static override summary = 'Release a lock that you hold, or break one.';
  static override description = `Checks the owner and releases the lock atomically. Exits 1 if that owner does not hold the lock.`;

  static override examples = [
    { description: 'Release your lock', command: 'cachectl lock:release deploy --owner "$OWNER"' },
    { description: 'Break a stuck lock, whoever holds it', command: 'cachectl lock:release deploy --force' },
    {
      description: 'Show which stuck locks of unique jobs would be released',
      command: 'cachectl lock:release --stuck --family unique-job --dry-run',
    },
  ];

  static override args = { name: Args.string(lockArgument) };

  static override flags = {
    owner: Flags.string({
      summary: 'Owner token that lock:acquire printed.',
      helpValue: 'TOKEN',
      exclusive: ['force'],
      ...asKey,
    }),
    force: Flags.boolean({ default: false, summary: 'Break the lock, whoever holds it. Names the holder and asks.' }),
    stuck: Flags.boolean({
      default: false,
      summary: 'Release every lock that lock:list --stuck shows.',
      exclusive: ['force', 'owner'],
    }),
    pattern: Flags.string({
      summary: 'With --stuck, only names that match.',
      helpValue: 'GLOB',
      dependsOn: ['stuck'],
      ...asPattern,
    }),
    ...lockFlags,
    ...destructiveFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockRelease);
    const { name } = args;
    if (flags.stuck) {
      if (name !== undefined) {
        throw new UsageError(
          'NAME and --stuck cannot be combined',
          'Use --stuck --pattern GLOB to select locks by name.',
        );
      }

      const selection = {
        pattern: flags.pattern,
        families: flags.family,
        include: flags.include,
        stuckFor: flags['held-for'],
      };
      await this.withStore(flags, async (work) => releaseSelected(work, selection, flags));
      return;
    }

    const { owner } = flags;
    if (name === undefined && canAsk(flags)) {
      await this.withStore(flags, async (work) => releasePicked(work, owner, flags));
      return;
    }

    if (name === undefined) {
      throw new UsageError('missing argument NAME', 'Name the lock, or add --stuck for all stuck locks.');
    }

    checkKeys([name]);
    if (!flags.force && (owner === undefined || owner === '')) {
      throw new UsageError(
        `missing flag --owner or --force for ${nameText(name)}`,
        'Add --owner TOKEN, as lock:acquire printed it, or --force to break the lock.',
      );
    }

    await this.withStore(flags, async (work) =>
      flags.force ? breakLock(work, name, flags) : releaseOwn(work, name, owner!, flags),
    );
  }
}

/** The list names each holder, so the chosen lock is broken, unless --owner is given. */
async function releasePicked(work: Work, owner: string | undefined, flags: ReleaseFlags): Promise<number> {
  const name = await pickLock(work, 'release', owner);
  return owner === undefined ? breakLock(work, name, flags) : releaseOwn(work, name, owner, flags);
}

async function releaseOwn({ store }: Work, name: string, owner: string, flags: ReleaseFlags): Promise<number> {
  const lock = store.lock(name);
  const dryRun = flags['dry-run'];
  const released = dryRun ? (await lock.holder())?.owner === owner : await lock.release(owner);
  if (flags.json) await answerJson({ name: printKey(name), [doneName(dryRun)]: released, dryRun });
  if (released) {
    note(dryRun ? `would release ${nameText(name)}` : `released ${nameText(name)}`);
    return ExitCode.Yes;
  }

  warn(notYoursText(name, await lock.holder()));
  return ExitCode.No;
}

async function breakLock({ store, profile }: Work, name: string, flags: ReleaseFlags): Promise<number> {
  const lock = store.lock(name);
  const holder = await lock.holder();
  const dryRun = flags['dry-run'];
  if (holder !== undefined && !dryRun) {
    const effect = `breaks a lock: ${heldText(name, holder)}`;
    await askBeforeDestroying({ store, profile, action: 'lock:release', effect }, flags);
  }

  const now = holder === undefined || dryRun ? holder : await broken(lock, holder, flags);
  const released = holder !== undefined && (dryRun || now === 'broken');
  const other = released || now === 'broken' ? undefined : now;
  const whose = released ? holder : other;
  if (flags.json)
    await answerJson({
      name: printKey(name),
      [doneName(dryRun)]: released,
      dryRun,
      owner: whose && ownerField(whose.owner),
    });
  if (released) warn(`${dryRun ? 'would break' : 'broke'} ${nameText(name)}, which was held by ${ownerText(holder)}`);
  else if (other === undefined) warn(`${nameText(name)} is not held`);
  else warn(`${nameText(name)} was not broken because it changed hands: it is ${heldByText(other)}`);
  return released ? ExitCode.Yes : ExitCode.No;
}

function doneName(dryRun: boolean): string {
  return dryRun ? 'wouldRelease' : 'released';
}

/**
 * Break the lock if the holder is still the one that the prompt named. --yes breaks it for any holder.
 * @returns the current holder if it was not broken
 */
async function broken(
  lock: Lock,
  named: LockHolder,
  { yes }: ReleaseFlags,
): Promise<'broken' | LockHolder | undefined> {
  const now = yes ? named : await lock.holder();
  if (now?.owner !== named.owner) return now;
  return (await lock.forceRelease()) ? 'broken' : undefined;
}
