import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { Lock, Ttl } from '../../stores/contract/store.js';
import type { WaitOptions } from '../../stores/locks/wait.js';

import { ExitCode, InterruptedError, PartialError, UnansweredError, UsageError } from '../../errors.js';
import { checkKeys } from '../../features/entries/repository.js';
import { waitFlag } from '../../features/locks/flags.js';
import { checkLockTtl } from '../../features/locks/lock-ttl.js';
import { heldText } from '../../features/locks/text.js';
import { whileWaiting } from '../../features/locks/waiting.js';
import { preciseDuration } from '../../runtime/flags.js';
import { asKey, lockArgument } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { nameText, ownerField } from '../../stores/locks/description.js';
import { FencedLock } from '../../stores/locks/fenced-lock.js';
import { newOwner } from '../../stores/locks/owner.js';
import { acquireWithin } from '../../stores/locks/wait.js';
import { JsonText, stringify } from '../../terminal/json.js';
import { answerJson, note, warn } from '../../terminal/output.js';
import { ttlText } from '../../terminal/value-text.js';

export default class LockAcquire extends StoreCommand {
  static override placeUse = { place: 'locks', access: 'creates' } as const;
  static override summary = 'Acquire a lock and print its owner token.';
  static override description = `Prints only the token, which lock:release needs. Exits 1 if someone else holds the lock, and says who and for how long. To run one command under a lock, use lock:run.`;

  static override examples = [
    {
      description: 'Take a lock in a deploy script',
      command: 'OWNER=$(cachectl lock:acquire deploy --ttl 10m) || exit',
    },
    { description: 'Wait up to 30 s for it', command: 'cachectl lock:acquire deploy --ttl 10m --wait 30s' },
    {
      description: 'Get a fencing token too',
      command: 'read -r OWNER FENCE < <(cachectl lock:acquire deploy --ttl 10m --fence)',
    },
  ];

  static override args = { name: Args.string({ ...lockArgument, required: true }) };

  static override flags = {
    ttl: preciseDuration({ summary: 'Lock TTL. 0 never expires.', required: true }),
    wait: waitFlag,
    fence: Flags.boolean({
      default: false,
      summary: 'Print a fencing token after the owner token: a number that grows with each acquisition.',
    }),
    owner: Flags.string({
      summary: 'Owner token to use. Generated from user, host and process ID if omitted.',
      helpValue: 'TOKEN',
      ...asKey,
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockAcquire);
    const { name } = args;
    checkKeys([name]);
    if (flags.owner === '') throw new UsageError('the owner is empty', 'Remove --owner to generate one.');
    const owner = flags.owner ?? newOwner();
    const ttl = flags.ttl === 0 ? null : flags.ttl;
    await this.withStore(flags, async ({ store, interruption }) => {
      checkLockTtl(store, ttl);
      const fenced = flags.fence ? new FencedLock(store, name, store.lock(name)) : undefined;
      const lock = fenced ?? store.lock(name);
      const { signal } = interruption;
      const isOwnerNew = flags.owner === undefined;
      const options = { owner, isOwnerNew, ttl, wait: flags.wait, signal };
      const isAcquired = await whileWaiting({ store, what: nameText(name) }, async (told) =>
        acquireOrUndo(lock, name, { ...options, ...told }),
      );
      if (isAcquired) {
        const fence = fenced?.fence?.toString();
        await printToken(lock, owner, flags.json ? acquiredJson(name, owner, ttl, fence) : tokenLine(owner, fence));
        note(`acquired ${nameText(name)}, ${ttlText(ttl)}`);
        return ExitCode.Yes;
      }

      if (interruption.by === 'SIGINT')
        throw new InterruptedError(`interrupted; ${nameText(name)} was not acquired`, '');
      if (interruption.by !== undefined)
        throw new PartialError(`ended while waiting; ${nameText(name)} was not acquired`, '');
      const holder = await lock.holder();
      if (flags.json)
        await answerJson({
          name: printKey(name),
          acquired: false,
          owner: holder && ownerField(holder.owner),
          ttl: holder?.ttl,
        });
      warn(heldText(name, holder));
      return ExitCode.No;
    });
  }
}

function acquiredJson(name: string, owner: string, ttl: Ttl, fence: string | undefined): string {
  return stringify({
    name: printKey(name),
    acquired: true,
    owner: printKey(owner),
    ttl,
    fence: fence === undefined ? undefined : new JsonText(fence),
  });
}

/** Two words for `read -r OWNER FENCE`. */
function tokenLine(owner: string, fence: string | undefined): string {
  return fence === undefined ? printKey(owner) : `${printKey(owner)} ${fence}`;
}

/**
 * A server that does not answer in time may still acquire the lock. A release, which it executes after the acquisition,
 * undoes that. Only for a generated owner, since a given one may have held the lock before.
 */
async function acquireOrUndo(lock: Lock, name: string, options: WaitOptions): Promise<boolean> {
  try {
    return await acquireWithin(lock, options);
  } catch (error) {
    if (!(error instanceof UnansweredError)) throw error;
    const isUndone =
      options.isOwnerNew === true &&
      (await lock.release(options.owner).then(
        () => true,
        () => false,
      ));
    if (isUndone) throw error;
    throw new UnansweredError(
      `${error.message}; ${nameText(name)} may or may not have been acquired for ${printKey(options.owner)}`,
      `To check, run: cachectl lock:show ${nameText(name)}`,
      { cause: error },
    );
  }
}

/** Print the token. If that fails, release the lock: without the token nobody could. */
async function printToken(lock: Lock, owner: string, text: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      process.stdout.write(`${text}\n`, (error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    const isReleased = await lock.release(owner).then(
      () => true,
      () => false,
    );
    if (isReleased) throw new PartialError('the owner token could not be written, so the lock was released', KEEP_OPEN);
    throw new PartialError(
      `the owner token ${owner} could not be written, and the lock could not be released`,
      'Release it with lock:release --owner, or wait until it expires.',
      { cause: error },
    );
  }
}

const KEEP_OPEN = 'Keep standard output open.';
