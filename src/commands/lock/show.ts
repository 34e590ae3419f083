import * as Args from '@oclif/core/args';

import type { Work } from '../../runtime/store-command.js';
import type { Waiter } from '../../stores/contract/locks.js';
import type { Lock } from '../../stores/contract/store.js';

import { ExitCode, RefusedError } from '../../errors.js';
import { checkKeys } from '../../features/entries/repository.js';
import { namedLock, pickLock } from '../../features/locks/lock-picker.js';
import { type LockSummary, LockTimeline } from '../../features/locks/timeline.js';
import { followLocks } from '../../features/locks/watching.js';
import { preciseDuration } from '../../runtime/flags.js';
import { interruptedCode } from '../../runtime/interrupt.js';
import { lockArgument } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { nameText } from '../../stores/locks/description.js';
import { answer, answersAPerson, note, warn } from '../../terminal/output.js';
import { printReport } from '../../terminal/report.js';

export default class LockShow extends StoreCommand {
  static override placeUse = { place: 'locks', access: 'reads' } as const;
  static override summary = 'Show the holder and the waiters of a lock.';
  static override description = `cachectl's own waiters are known on Redis, SQLite and MongoDB. With --for, every client that tries is seen: on Redis through MONITOR, on Memcached through watch. Exits 1 if the lock is free.`;

  static override examples = [
    { description: 'Show who holds a lock', command: 'cachectl lock:show deploy' },
    { description: 'Show who tries to acquire it, too', command: 'cachectl lock:show deploy --for 10s' },
  ];

  static override args = { name: Args.string(lockArgument) };

  static override flags = {
    for: preciseDuration({ summary: 'Watch for this long and show who tries to acquire the lock.' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockShow);
    const named = namedLock(args.name, flags);
    if (named !== undefined) checkKeys([named]);
    await this.withStore(flags, async (work) => {
      const name = named ?? (await pickLock(work, 'show'));
      const seen = flags.for === undefined ? undefined : await watchFor(work, name, flags.for);
      const lock = work.store.lock(name);
      const holder = await lock.holder();
      const shown = { name, holder, waiters: await waitersFor(lock), seen };
      const { shownFields, shownText } = await import('../../features/locks/report.js');
      const isFree = holder === undefined && seen === undefined && (shown.waiters ?? []).length === 0;
      if (holder === undefined && !flags.json) warn(`${nameText(name)} is free`);
      if (answersAPerson() && !flags.json) await answer(await shownText(shown));
      else if (flags.json || !isFree) await printReport(shownFields(shown), flags.json);
      if (seen === undefined && shown.waiters === undefined && !flags.json)
        note('To see who tries to acquire it, add --for 10s.');
      return interruptedCode(work.interruption, holder === undefined ? ExitCode.No : ExitCode.Yes);
    });
  }
}

/** Without permission to read the waiters, the holder is still shown. */
async function waitersFor(lock: Lock): Promise<readonly Waiter[] | undefined> {
  try {
    return await lock.waiters?.();
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    warn(error.message);
    return undefined;
  }
}

async function watchFor(work: Work, name: string, duration: number): Promise<LockSummary> {
  const timeline = new LockTimeline(name);
  await followLocks(work, {
    names: [name],
    duration,
    take(event) {
      timeline.add(event);
    },
  });
  return timeline.summary;
}
