import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { ExitCode, UsageError } from '../../errors.js';
import { checkKeys } from '../../features/entries/repository.js';
import { namedLock, pickLock } from '../../features/locks/lock-picker.js';
import { checkLockTtl } from '../../features/locks/lock-ttl.js';
import { notYoursText } from '../../features/locks/text.js';
import { preciseDuration } from '../../runtime/flags.js';
import { asKey, lockArgument } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { answerJson, note, warn } from '../../terminal/output.js';
import { ttlText } from '../../terminal/value-text.js';

export default class LockRefresh extends StoreCommand {
  static override placeUse = { place: 'locks', access: 'reads' } as const;
  static override summary = 'Set a new TTL on a lock that you hold.';
  static override description = `Checks the owner and sets the TTL atomically. Exits 1 if that owner does not hold the lock. lock:run refreshes its lock by itself.`;

  static override examples = [
    {
      description: 'Hold the lock for another ten minutes',
      command: 'cachectl lock:refresh deploy --owner "$OWNER" --ttl 10m',
    },
  ];

  static override args = { name: Args.string(lockArgument) };

  static override flags = {
    owner: Flags.string({
      summary: 'Owner token that lock:acquire printed.',
      helpValue: 'TOKEN',
      required: true,
      ...asKey,
    }),
    ttl: preciseDuration({ summary: 'New TTL from now. 0 never expires.', required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockRefresh);
    const named = namedLock(args.name, flags);
    const { owner } = flags;
    if (named !== undefined) checkKeys([named]);
    if (owner === '') throw new UsageError('the owner is empty', 'Use the token that lock:acquire printed.');
    const ttl = flags.ttl === 0 ? null : flags.ttl;
    await this.withStore(flags, async (work) => {
      checkLockTtl(work.store, ttl);
      const name = named ?? (await pickLock(work, 'refresh', owner));
      const lock = work.store.lock(name);
      const refreshed = await lock.refresh(owner, ttl);
      if (flags.json) await answerJson({ name: printKey(name), refreshed, ttl: refreshed ? ttl : undefined });
      if (refreshed) {
        note(`refreshed ${printKey(name)}, ${ttlText(ttl)}`);
        return ExitCode.Yes;
      }

      warn(notYoursText(name, await lock.holder()));
      return ExitCode.No;
    });
  }
}
