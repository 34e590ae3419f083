import { expect } from 'chai';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Store } from '../../src/stores/contract/store.js';

import { string } from '../../src/codecs/value.js';
import { resolveProfile } from '../../src/profiles/resolve.js';
import { openStore } from '../../src/stores/open.js';
import { until } from '../../src/testing/suite/stores.js';
import { cachectl, type Result, type Run, start } from '../support/cli.js';
import { RUNS_ALL } from '../support/extent.js';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { scratchFolder } from '../support/scratch.js';
import { type Victim, VICTIMS } from '../support/victims.js';

/** Enough for several requests of each command. */
const MANY = 3000;

const KEYS = Array.from({ length: MANY }, (_, index) => `key:${index}`);
const FOLDER = scratchFolder('servers');
const LINES = `${FOLDER}/lines.ndjson`;
writeFileSync(LINES, KEYS.map((key) => `{"key":"${key}","value":"x","ttl":3600}\n`).join(''));

/** Commands of many requests. `word` comes before the number that an error reports. */
const BULK = {
  flush: { args: ['flush', '--yes'], word: 'removed', isEmpty: false },
  import: { args: ['import', LINES], word: 'imported', isEmpty: true },
  export: { args: ['export', '--output', `${FOLDER}/export`], word: 'exported', isEmpty: false },
  copy: { args: ['copy', '--to-url', `sqlite://${FOLDER}/copy.sqlite`], word: 'copied', isEmpty: false },
} as const;

function expectHonest(what: string, { code, out, err }: Result, codes: readonly number[] = [3, 4]): void {
  const shown = `${what}: exit ${String(code)}\n${out.slice(0, 300)}${err}`;
  expect(codes, shown).to.include(code);
  expect(out + err, shown).not.to.match(/^ {4}at |ioredis|bug in cachectl|node:internal|report this/m);
}

function reported({ out, err }: Result, word: string): number {
  return Number(new RegExp(`${word} ([\\d,]+) entr`).exec(out + err)?.[1]?.replaceAll(',', '') ?? 0);
}

for (const [product, startVictim] of Object.entries(VICTIMS)) {
  describe(`${product}, taken away in the middle of a command`, function () {
    this.timeout(240_000);
    let victim: Victim;
    let isKilled = false;
    const runs: Run[] = [];
    const proxies: FaultProxy[] = [];

    before(async function () {
      victim = await startVictim(this);
    });

    after(async () => {
      for (const { child } of runs) child.kill('SIGKILL');
      await Promise.all(proxies.map(async (proxy) => proxy.stop()));
      if (victim !== undefined && !isKilled) await victim.kill();
    });

    async function opened<T>(work: (store: Store) => Promise<T>, prefix: string): Promise<T> {
      const url = `${victim.url(victim.port)}?prefix=${prefix}`;
      const store = await openStore(await resolveProfile({ url, env: {}, cwd: FOLDER }), { timeoutMs: 60_000 });
      try {
        return await work(store);
      } finally {
        await store.close();
      }
    }

    async function fill(prefix: string): Promise<void> {
      await opened(async (store) => {
        await store.putMany(KEYS.map((key) => ({ key, value: string('x'), ttl: 3600 })));
      }, prefix);
    }

    async function newProxy(): Promise<FaultProxy> {
      const proxy = await startFaultProxy(victim.port);
      proxies.push(proxy);
      return proxy;
    }

    /** The number of messages of a run without a fault. */
    async function messages(name: keyof typeof BULK, prefix: string): Promise<number> {
      const proxy = await newProxy();
      const { args, isEmpty } = BULK[name];
      if (!isEmpty) await fill(prefix);
      const result = await cachectl([...args, '--url', `${victim.url(proxy.port)}?prefix=${prefix}`]);
      expect(result.code, result.err).to.equal(0);
      return proxy.asked;
    }

    /** Start a command; resolves with its run when the message at two thirds of its way is sent. */
    async function underWay(name: keyof typeof BULK, prefix: string, timeout: string, isHeld: boolean): Promise<Run> {
      const target = Math.ceil((2 * (await messages(name, `${prefix}clean-`))) / 3);
      if (!BULK[name].isEmpty) await fill(prefix);
      const proxy = await newProxy();
      let seen = 0;
      let arrived: (() => void) | undefined;
      const reached = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      await proxy.inject('stalled', () => {
        if (++seen === target) arrived?.();
        return isHeld && seen === target;
      });
      const url = `${victim.url(proxy.port)}?prefix=${prefix}`;
      const run = start([...BULK[name].args, '--url', url, '--timeout', timeout]);
      runs.push(run);
      run.child.stdin.end();
      await Promise.race([reached, run.ended]);
      return run;
    }

    for (const [name, { word, isEmpty }] of Object.entries(BULK)) {
      // Only what a flush and an import report can be checked against the store.
      if (!RUNS_ALL && name !== 'flush' && name !== 'import') continue;
      it(`suspended during ${name}: it ends in time and reports no more than was done`, async () => {
        const prefix = `s-${name}-`;
        const run = await underWay(name as keyof typeof BULK, prefix, '2s', false);
        await victim.pause();
        const result = await run.ended;
        victim.resume();
        // A server that was quick has answered everything before it stopped.
        expectHonest(name, result, [0, 3, 4]);
        if (name !== 'flush' && name !== 'import') return;
        const left = await opened(
          async (store) => (await store.many(KEYS)).filter((entry) => entry !== undefined).length,
          prefix,
        );
        expect(reported(result, word)).to.be.at.most(isEmpty ? left : MANY - left);
      });
    }

    /** Start a command without standard input. */
    function begun(prefix: string, port: number, ...args: string[]): Run {
      const run = start(args, { env: { CACHECTL_URL: `${victim.url(port)}?prefix=${prefix}` } });
      runs.push(run);
      run.child.stdin.end();
      return run;
    }

    // The substitute of MongoDB cannot be restarted on its data.
    const itRestarts = product === 'MongoDB' ? () => {} : it;
    itRestarts(
      'suspended, resumed and restarted during a wait, lock:run, remember and a tail: they continue',
      async () => {
        const own = scratchFolder('servers');
        const isSql = product === 'MySQL' || product === 'PostgreSQL';
        await opened(async (store) => store.lock('held').acquire('ann', 3600), 'r-');
        const begin = (...args: string[]): Run => begun('r-', victim.port, ...args);
        const script = (word: string): string[] => [
          '--',
          'sh',
          '-c',
          `echo ${word} >>${own}/begun; while [ ! -e ${own}/go ]; do sleep 0.1; done; echo ran`,
        ];
        const job = begin('lock:run', 'job', '--ttl', '60s', '--timeout', '2s', ...script('job'));
        const remembered = begin('remember', 'out', '--ttl', '1h', '--timeout', '2s', ...script('remembered'));
        const wait = begin('lock:acquire', 'held', '--ttl', '1h', '--wait', '10m', '--timeout', '2s');
        const tail = isSql ? begin('events:tail', '--source', 'poll', '--timeout', '2s') : undefined;
        await wait.saw('waiting for held', 'err');
        await until(() => existsSync(`${own}/begun`) && readFileSync(`${own}/begun`, 'utf8').split('\n').length === 3);
        /** Put a key repeatedly until the tail reports it. */
        const expectEvent = async (key: string): Promise<void> => {
          if (tail === undefined) return;
          await until(async () => {
            expect(tail.child.exitCode, 'the tail ended').to.equal(null);
            await opened(async (store) => store.put(key, string(String(Math.random())), 3600), 'r-');
            return tail.output().includes(key);
          });
        };

        await expectEvent('first');
        await victim.pause();
        // Longer than --timeout, so that requests fail.
        if (RUNS_ALL) await sleep(6000);
        victim.resume();
        await expectEvent('second');
        await victim.restart!();
        await until(async () => {
          try {
            return await opened(async (store) => store.put('up', string('x'), 60).then(() => true), 'r-');
          } catch {
            return false;
          }
        });
        await expectEvent('third');
        writeFileSync(`${own}/go`, '');
        await opened(async (store) => store.lock('held').forceRelease(), 'r-');
        const got = await wait.ended;
        expect(got.code, got.err).to.equal(0);
        // Redis and Memcached lose the lock with their memory.
        expectHonest('lock:run', await job.ended, isSql ? [0] : [0, 76]);
        const { out, err, code } = await remembered.ended;
        expect({ out, code }, err).to.deep.equal({ out: 'ran\n', code: 0 });
        const isStored = (await opened(async (store) => store.get('out'), 'r-')) !== undefined;
        expect(isStored || err.includes('out'), err).to.equal(true);
        if (tail === undefined) return;
        tail.child.kill('SIGINT');
        const told = await tail.ended;
        expectHonest('events:tail', told, [4, 130]);
      },
    );

    it('killed during flush, import, export, copy, a wait, lock:run and remember', async () => {
      const own = scratchFolder('servers');
      await opened(async (store) => store.lock('held').acquire('ann', 3600), 'k-');
      const { port } = await newProxy();
      const begin = (...args: string[]): Run => begun('k-', port, ...args);

      const job = begin('lock:run', 'job', '--ttl', '5s', '--', 'sh', '-c', 'echo held; exec sleep 600');
      const remembered = begin(
        'remember',
        'out',
        '--ttl',
        '1h',
        '--',
        'sh',
        '-c',
        `touch ${own}/on; while [ ! -e ${own}/go ]; do sleep 0.1; done; echo ran`,
      );
      await job.saw('held');
      await until(() => existsSync(`${own}/on`));
      const bulk: Array<readonly [string, Run]> = [];
      for (const name of Object.keys(BULK) as Array<keyof typeof BULK>) {
        bulk.push([name, await underWay(name, `k-${name}-`, '60s', true)]);
      }

      const wait = begin('lock:acquire', 'held', '--ttl', '1h', '--wait', '8s', '--timeout', '4s');
      await wait.saw('waiting for held', 'err');
      isKilled = true;
      await victim.kill();
      writeFileSync(`${own}/go`, '');
      // A server that was quick has answered everything before it was killed.
      for (const [name, run] of bulk) expectHonest(name, await run.ended, [0, 3, 4]);
      expectHonest('lock:run', await job.ended, [76]);
      expectHonest('a wait', await wait.ended);
      const { out, err } = await remembered.ended;
      expect({ out, isSaid: err.includes('out may not have been stored') }, err).to.deep.equal({
        out: 'ran\n',
        isSaid: true,
      });
    });
  });
}
