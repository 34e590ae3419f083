import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';
import type { Lane } from './matrix.js';

import { integer, string } from '../../../src/codecs/value.js';
import { CachectlError } from '../../../src/errors.js';
import { resolveProfile } from '../../../src/profiles/resolve.js';
import { openStore } from '../../../src/stores/open.js';
import { RUNS_ALL } from '../../support/extent.js';

/** More than a page of any store in the long form. */
const SEEDED = RUNS_ALL ? 1100 : 20;
const ADDED = RUNS_ALL ? 300 : 20;
const HOUR = 3600;

const TAGS = ['a', 'b'] as const;
const OLD = named('old:', SEEDED);
const NEW = named('new:', ADDED);

type Operation = (store: Store) => Promise<unknown>;

/** Requests that list entries under tags, or remove entries and their members. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  put: async (store) => store.tags(TAGS).put('k', string('v'), HOUR),
  'put of many': async (store) => store.tags(TAGS).putMany(NEW.map((key) => ({ key, value: string('x'), ttl: HOUR }))),
  add: async (store) => store.tags(TAGS).add('k', string('v'), HOUR),
  increment: async (store) => store.tags(TAGS).increment('k', 1n),
  'flush of one tag': async (store) => store.tags(['a']).flush({ dryRun: false }),
  'flush of both tags': async (store) => store.tags(TAGS).flush({ dryRun: false }),
};

/** Those with several requests on every store. */
const SHORT = ['put of many', 'flush of one tag'];

/** What a connection suffers: one fault of all connections, or of the struck one only. */
const CUTS = (['cut before the request', 'cut after the request'] as const).flatMap((fault) =>
  [true, false].map((once) => ({ fault, once })),
);

/**
 * Cut each operation at each of its messages. Whatever it leaves behind, a flush of either tag must remove every entry
 * that is still readable.
 */
export async function expectReachable(name: string, lane: Lane): Promise<void> {
  let runs = 0;
  for (const title of RUNS_ALL ? Object.keys(OPERATIONS) : SHORT) {
    const operation = OPERATIONS[title]!;
    for (const { fault, once } of RUNS_ALL ? CUTS : CUTS.slice(0, 1)) {
      for (let isStruck = true, target = 1; isStruck; target++) {
        const prefix = `t${process.pid}x${runs++}-`;
        await using(lane, prefix, async (store) => {
          await store.tags(TAGS).putMany(OLD.map((key) => ({ key, value: integer(1n), ttl: HOUR })));
        });
        let seen = 0;
        lane.plan.set(fault, () => ++seen === target, once);
        const error = await failureOf(lane, prefix, operation);
        lane.plan.set(undefined, () => false, false);
        isStruck = seen >= target;
        const where = `${title}, ${fault}${once ? ', once' : ''}, message ${target}`;
        if (!isStruck) expect(error, where).to.equal(undefined);
        await using(lane, prefix, async (store) => expectFlushed(store, TAGS[runs % 2]!, where));
      }
    }
  }

  process.stdout.write(`      ${name}: tagged writes and flushes of tags cut at every message, ${runs} runs\n`);
}

async function expectFlushed(store: Store, tag: string, where: string): Promise<void> {
  await store.tags([tag]).flush({ dryRun: false });
  const readings = await store.tags(TAGS).many([...OLD, ...NEW, 'k']);
  expect(readings.filter(Boolean), `${where}: entries that a flush of ${tag} missed`).to.have.lengthOf(0);
  await store.flush({ scope: 'prefix', locks: true, dryRun: false });
}

/** Run an operation behind the proxy. Only typed errors are returned. */
async function failureOf(lane: Lane, prefix: string, operation: Operation): Promise<CachectlError | undefined> {
  try {
    await using(lane, prefix, operation, false);
    return undefined;
  } catch (error) {
    if (error instanceof CachectlError) return error;
    throw error;
  }
}

async function using(lane: Lane, prefix: string, work: Operation, isDirect = true): Promise<void> {
  const profile = await resolveProfile({ url: lane.url(prefix, isDirect), env: {}, cwd: '/' });
  const store = await openStore(profile, { timeoutMs: 20_000 });
  try {
    await work(store);
  } finally {
    await store.close();
  }
}

function named(head: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${head}${index}`);
}
