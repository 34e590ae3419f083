import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

import type { ListedLock } from '../../stores/contract/locks.js';

import { aboutLock, listedFields, TOLD_BY } from '../../features/locks/fields.js';
import { lockFlags } from '../../features/locks/flags.js';
import { selectLocks } from '../../features/locks/selection.js';
import { leftText, nameText, ownerField, ownerText } from '../../features/locks/text.js';
import { interruptedCode, untilInterrupted } from '../../runtime/interrupt.js';
import { answerList } from '../../runtime/json-list.js';
import { asPattern } from '../../runtime/key-arguments.js';
import { StoreCommand } from '../../runtime/store-command.js';
import { printKey } from '../../stores/entries/printed-key.js';
import { readOwner } from '../../stores/locks/owner.js';
import { formatDuration } from '../../terminal/durations.js';
import { answer, answersAPerson, note } from '../../terminal/output.js';
import { count } from '../../terminal/progress.js';
import { lineField } from '../../terminal/value-text.js';

/** Rows of one table on a terminal: all that most caches have, and no more memory than that where there are more. */
const PAGE = 500;

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
