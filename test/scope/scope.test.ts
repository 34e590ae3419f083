import * as fc from 'fast-check';

import type { Expectation } from './fates.js';
import type { Application, RawRecord, Started } from './world.js';

import { applications, type Step, steps } from './arbitraries.js';
import { GROUNDS } from './grounds.js';
import { perform } from './operations.js';
import { World } from './world.js';

/** Worlds per store. Set CACHECTL_SCOPE_RUNS for more, and CACHECTL_SCOPE_SEED for others. */
const RUNS = Number(process.env.CACHECTL_SCOPE_RUNS ?? 25);
const SEED = Number(process.env.CACHECTL_SCOPE_SEED ?? 20_261_130);

describe(`the scope of destructive operations (seed ${SEED}, ${RUNS} worlds per store)`, () => {
  for (const [title, start] of Object.entries(GROUNDS)) {
    describe(`on ${title}`, () => {
      let ground: Started;
      let checked = 0;

      before(async function () {
        this.timeout(120_000);
        ground = await start(this);
      });

      after(async () => {
        if (process.env.CACHECTL_SCOPE_RUNS) process.stderr.write(`      ${title}: ${checked} operations checked\n`);
        await ground?.stop();
      });

      it('removes everything in it, and changes nothing outside', async function () {
        this.timeout(0);
        await fc.assert(
          fc.asyncProperty(applications, steps, async (some, performed) => {
            checked += await check(ground, some, performed);
          }),
          { numRuns: Math.ceil(RUNS * (ground.share ?? 1)), seed: SEED },
        );
      });
    });
  }
});

/** @returns the number of operations that were checked */
async function check(ground: Started, applied: readonly Application[], performed: readonly Step[]): Promise<number> {
  const world = new World(ground, applied);
  ground.expect?.(namesOf(applied, performed, ground.lockHead ?? ''));
  let checked = 0;
  try {
    await ground.clear();
    await world.fill();
    let before = await ground.records();
    for (const step of performed) {
      const expectation = await perform(world, step);
      const after = await ground.records();
      if (expectation !== undefined) {
        const faults = [...faultsOf(expectation, before, after)];
        if (faults.length > 0)
          throw new Error(
            `${step.kind} "${step.pattern.glob}" of "${applied[step.application % applied.length]!.prefix}":\n  ${faults.join('\n  ')}`,
          );
        checked++;
      }

      before = after;
    }
  } finally {
    await world.close();
  }

  return checked;
}

function* faultsOf(
  { fate, mayAppear, removed }: Expectation,
  before: readonly RawRecord[],
  after: readonly RawRecord[],
): Generator<string> {
  const now = new Map(after.map((record) => [idOf(record), record]));
  let gone = 0;
  for (const record of before) {
    const same = now.get(idOf(record));
    const expected = fate(record);
    if (expected === 'kept' && same?.content !== record.content) {
      yield `${same ? 'changed' : 'removed'} outside the scope: ${shown(record)}${same ? ` to ${same.content}` : ''}`;
    }

    if (expected === 'removed' && same !== undefined) yield `left in the scope: ${shown(record)}`;
    if (expected === 'removed' && record.tag === undefined) gone++;
  }

  const known = new Set(before.map((record) => idOf(record)));
  for (const record of after) {
    if (!known.has(idOf(record)) && !mayAppear?.(record)) yield `appeared: ${shown(record)}`;
  }

  if (removed !== undefined && removed !== gone) yield `reported ${removed} removed entries, not ${gone}`;
}

function idOf({ place, key, tag }: RawRecord): string {
  return `${place} ${key.toString('hex')} ${tag?.toString('hex') ?? ''}`;
}

function shown({ place, key, tag, content }: RawRecord): string {
  return `${place} ${JSON.stringify(key.toString())} ${tag ? JSON.stringify(tag.toString()) : ''} ${content}`;
}

/** Every key that may be stored. */
function namesOf(applied: readonly Application[], performed: readonly Step[], lockHead: string): string[] {
  return applied.flatMap(({ prefix, keys, locks }) => [
    ...[...keys, ...performed.map(({ name }) => name)].map((key) => prefix + key),
    ...locks.map(({ name }) => prefix + lockHead + name),
  ]);
}
