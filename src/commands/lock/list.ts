import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import { lockColumns } from '../../features/locks/columns.js';
import { lockFlags } from '../../features/locks/flags.js';
import { selectLocks } from '../../features/locks/selection.js';
import { interruptedCode, untilInterrupted } from '../../runtime/interrupt.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printList } from '../../terminal/list.js';
import { note } from '../../terminal/output.js';
import { countOf } from '../../terminal/progress.js';

export default class LockList extends StoreCommand {
  static override placeUse = { place: 'locks', access: 'reads' } as const;
  static override summary = 'List held locks.';
  static override description = `Shows each holder, the remaining TTL and what the lock is for. On Redis and Memcached a lock looks like an entry and is recognized by its name or its owner. Use --include for names that only your application knows. Only cachectl's locks record when they were acquired.`;

  static override examples = [
    { description: 'List the locks', command: 'cachectl lock:list' },
    { description: 'List locks that never expire, or are held over an hour', command: 'cachectl lock:list --stuck' },
    { description: 'List stuck unique jobs', command: 'cachectl lock:list --family unique-job --stuck' },
    {
      description: "Include your application's own locks",
      command: `cachectl lock:list --include 'import:*'`,
    },
  ];

  static override args = {
    pattern: Args.string({
      description: 'Only names that match this glob, e.g. deploy*',
      ignoreStdin: true,
      ...asPattern,
    }),
  };

  static override flags = {
    stuck: Flags.boolean({
      default: false,
      summary: 'Only locks that never expire, or are held longer than --held-for.',
    }),
    ...lockFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockList);
    await this.withStore(flags, async (work) => {
      const selected = selectLocks(work, {
        pattern: args.pattern,
        families: flags.family,
        include: flags.include,
        stuckFor: flags.stuck ? flags['held-for'] : undefined,
      });
      const locks = untilInterrupted(work.interruption, selected);
      const listed = await printList(locks, lockColumns, flags);
      const soFar = work.interruption.by === undefined ? '' : ' so far';
      if (!flags.json) note(`${listed === 0 ? 'no locks' : countOf(listed, 'lock')}${soFar}`);

      return interruptedCode(work.interruption);
    });
  }
}
