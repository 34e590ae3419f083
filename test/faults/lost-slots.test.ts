import { expect } from 'chai';
import { mkdirSync } from 'node:fs';

import { resolveProfile } from '../../src/profiles/resolve.js';
import { openStore } from '../../src/stores/open.js';
import { until } from '../../src/testing/suite/stores.js';
import { type Result, start } from '../support/cli.js';
import { RUNS_ALL } from '../support/extent.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import { scratchFolder } from '../support/scratch.js';
import { type Case, CASES, type Ground, type Place, seed } from './commands/table.js';

/** The commands that always run. */
const SHORTLY = ['flush', 'get of several', 'import', 'keys'];
const NAMES = RUNS_ALL ? Object.keys(CASES) : SHORTLY;

/** Commands that ask every primary, whatever the prefix. */
const ASKS_ALL =
  /^(?:copy from|doctor|events:tail|export|flush|keys|lock:list|lock:watch|stats|tags:list|tags:prune|top)/;

/** Milliseconds until the nodes regard a silent one as failed, and after that, so that they do not suspect others. */
const [SILENCE, LATE] = [1000, 60_000];

const FOLDER = scratchFolder('lost-slots');

/** Which keys a command uses: only lost ones, only served ones, or any. */
const PARTS = ['lost', 'served', 'any'] as const;
type Part = (typeof PARTS)[number];

describe('a cluster that has lost a primary without a replica', function () {
  this.timeout(90_000);
  let cluster: RedisCluster;
  let lost: RedisCluster['nodes'][number];
  let left: RedisCluster['nodes'];
  const tags = { lost: '', served: '' };

  before(async function () {
    const options = ['--cluster-node-timeout', String(SILENCE), '--notify-keyspace-events', 'Eg$xem'];
    cluster = await startRedisCluster(this, ...options);
    lost = cluster.nodes[1]!;
    left = cluster.nodes.filter((node) => node !== lost);
    await findTags();
    for (const part of PARTS) {
      for (const mode of ['yes', 'no']) for (const name of NAMES) await onGround(place(part, mode, name), prepare);
    }

    await lost.kill();
    for (const { client } of left) {
      await until(async () => / master,fail /.test(String(await client.call('CLUSTER', 'NODES'))));
    }

    for (const { client } of left) await client.config('SET', 'cluster-node-timeout', LATE);
  });

  after(async () => cluster?.stop());

  /** Find a hash tag in a slot of the primary that will be lost, and one in a slot of the others. */
  async function findTags(): Promise<void> {
    for (let at = 0; tags.lost === '' || tags.served === ''; at++) {
      const isLost = await lost.client.exists(`{t${at}}`).then(
        () => true,
        () => false,
      );
      tags[isLost ? 'lost' : 'served'] = `t${at}`;
    }
  }

  function place(part: Part, mode: string, name: string): Place {
    const own = `${mode}-${name.replaceAll(/\W/g, '-')}-`;
    const prefix = part === 'any' ? own : `{${tags[part]}}${own}`;
    const nodes = left.map(({ port }) => `127.0.0.1:${port}`).join(',');
    return { folder: `${FOLDER}/${prefix}`, url: `redis+cluster://${nodes}?prefix=${encodeURIComponent(prefix)}` };
  }

  function expectNamed({ code, out, err }: Result): void {
    expect([3, 4]).to.include(code);
    expect(out + err).to.include(`127.0.0.1:${lost.port}`);
    expect(out + err).not.to.match(/^ {4}at |ioredis|(?:bug in|fault of) cachectl|node:internal|report this/m);
  }

  for (const mode of ['yes', 'no']) {
    describe(`with cluster-require-full-coverage ${mode}`, () => {
      before(async () => {
        for (const { client } of left) await client.config('SET', 'cluster-require-full-coverage', mode);
      });

      for (const name of NAMES) {
        const one = CASES[name]!;

        for (const part of PARTS) {
          const mustFail = mode === 'yes' || part === 'lost' || ASKS_ALL.test(name);
          it(`${name} of ${part} keys ${mustFail ? 'names the lost node' : 'works, or names the lost node'}`, async () => {
            const at = place(part, mode, name);
            const result = await finished(one, at);
            if (mustFail || result.code !== (one.clean ?? 0)) expectNamed(result);
            // Other entries of the store cannot be read, because slots are lost.
            else if (part === 'served') await onGround(at, async (ground) => one.claim?.(ground, result));
          });
        }
      }
    });
  }
});

async function onGround(at: Place, work: (ground: Ground) => Promise<void>): Promise<void> {
  const profile = await resolveProfile({ url: at.url, env: {}, cwd: FOLDER });
  const store = await openStore(profile, { timeoutMs: 20_000 });
  try {
    await work({ ...at, store });
  } finally {
    await store.close();
  }
}

async function prepare({ store, folder }: Ground): Promise<void> {
  mkdirSync(folder);
  await seed(store);
}

async function finished({ args, env }: Case, at: Place): Promise<Result> {
  const words = typeof args === 'function' ? args(at) : args;
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const own = (await env?.(at)) ?? {};
  const run = start(words.toSpliced(end, 0, '--timeout', '20s'), { env: { CACHECTL_URL: at.url, ...own } });
  run.child.stdin.on('error', () => {}).end();
  return run.ended;
}
