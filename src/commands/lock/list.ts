import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { ListedLock } from '../../stores/contract/locks.js';

import { aboutLock, listedFields, TOLD_BY } from '../../features/locks/fields.js';
import { lockFlags } from '../../features/locks/flags.js';
import { selectLocks } from '../../features/locks/selection.js';
import { leftText, nameText, ownerField, ownerText } from '../../features/locks/text.js';
import { interruptedCode, untilInterrupted } from '../../runtime/interrupt.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { readOwner } from '../../stores/locks/owner.js';
import { formatDuration } from '../../terminal/durations.js';
import { answerList } from '../../terminal/json-list.js';
import { answer, answersAPerson, note } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { lineField } from '../../terminal/value-text.js';

/** Rows of one table on a terminal: all that most caches have, and no more memory than that where there are more. */
const PAGE = 500;

export default class LockList extends StoreCommand {
  static override placeUse = { place: 'locks', access: 'reads' } as const;
  static override summary = 'List the locks that are held.';
  static override description = `Who holds each, for how much longer, and what its name means. On SQLite and MongoDB locks lie apart; on Redis and Memcached they look like any entry, so each is told by its name (Laravel gives some to locks only) or by its owner, and the list says which. Whatever else is a lock shows with --pattern. Locks that an application took do not say since when they are held; those of cachectl do.`;

  static override examples = [
    { description: 'All that can be told to be locks', command: '<%= config.bin %> lock:list' },
    { description: 'What never lets go, or is held for over an hour', command: '<%= config.bin %> lock:list --stuck' },
    {
      description: 'Unique jobs that may be stuck',
      command: '<%= config.bin %> lock:list --family unique-job --stuck',
    },
    {
      description: 'An application’s own locks, whose names it knows',
      command: `<%= config.bin %> lock:list --pattern 'import:*'`,
    },
  ];

  static override args = {
    names: Args.string({ description: 'Only names that match, e.g. deploy*', ignoreStdin: true, ...asPattern }),
  };

  static override flags = {
    stuck: Flags.boolean({
      default: false,
      summary: 'Only those that never expire, or are held for longer than --older-than.',
    }),
    ...lockFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LockList);
    await this.withStore(flags, async (work) => {
      const selected = selectLocks(work, {
        names: args.names,
        families: flags.family,
        pattern: flags.pattern,
        stuckFor: flags.stuck ? flags['older-than'] : undefined,
      });
      const locks = untilInterrupted(work.interruption, selected);
      if (flags.json) await answerList(locks, listedFields);
      else {
        const listed = await (answersAPerson() ? printTable(locks) : printLines(locks));
        const soFar = work.interruption.by === undefined ? '' : ' so far';
        note(`${listed === 0 ? 'no' : count(listed)} ${listed === 1 ? 'lock' : 'locks'}${soFar}`);
      }

      return interruptedCode(work.interruption);
    });
  }
}

async function printTable(locks: AsyncIterable<ListedLock>): Promise<number> {
  let listed = 0;
  let page: ListedLock[] = [];
  const { compactTable } = await import('../../terminal/table.js');
  const print = async (): Promise<void> => {
    listed += page.length;
    if (page.length > 0)
      await answer(
        compactTable(
          HEAD,
          page.map((lock) => row(lock)),
        ),
      );
    page = [];
  };

  for await (const lock of locks) {
    page.push(lock);
    if (page.length === PAGE) await print();
  }

  await print();
  return listed;
}

const HEAD = ['NAME', 'HELD BY', 'SINCE', 'LETS GO', 'WHAT IT IS', 'A LOCK BY'];

/** An owner that cachectl made is given by what it says; lock:show has all of it. */
function row(lock: ListedLock): string[] {
  const { family, meaning, heldSince } = aboutLock(lock.name, lock);
  const own = readOwner(lock.owner);
  const holder = own === undefined ? ownerText(lock) : `${own.who}, process ${own.pid}`;
  const since = heldSince === undefined ? '' : `${formatDuration((Date.now() - heldSince.getTime()) / 1000)} ago`;
  const what = family === 'cachectl' ? 'taken by cachectl' : meaning;
  return [nameText(lock.name), holder, since, leftText(lock.ttl), what, TOLD_BY[lock.toldBy]];
}

/** Fields between tabs: name, owner, seconds left, family, how it was told, what it is. */
async function printLines(locks: AsyncIterable<ListedLock>): Promise<number> {
  let listed = 0;
  for await (const lock of locks) {
    const { family, meaning } = aboutLock(lock.name, lock);
    const left = lock.ttl === null ? 'never' : (lock.ttl ?? 'unknown');
    const fields = [printKey(lock.name), ownerField(lock.owner) ?? '', String(left), family, lock.toldBy, meaning];
    await answer(`${fields.map((field) => lineField(field)).join('\t')}\n`);
    listed++;
  }

  return listed;
}
