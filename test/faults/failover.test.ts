import type { Context } from 'mocha';

import { expect } from 'chai';
import { rmSync, writeFileSync } from 'node:fs';

import type { NewEntry, Store } from '../../src/stores/contract/store.js';

import { string } from '../../src/codecs/value.js';
import { resolveProfile } from '../../src/profiles/resolve.js';
import { openStore } from '../../src/stores/open.js';
import { until } from '../../src/testing/suite/stores.js';
import { cachectl, type Result, type Run, start } from '../support/cli.js';
import { RUNS_ALL } from '../support/extent.js';
import { halt } from '../support/halt.js';
import {
  type Deployment,
  isWork,
  replicated,
  startReplicatedCluster,
  startSentinelSet,
} from '../support/redis-failover.js';
import { scratchFolder } from '../support/scratch.js';

interface Setup {
  readonly startDeployment: (context: Context, silence: number) => Promise<Deployment>;
  /** The cases that always run. */
  readonly shortly: readonly string[];
}

const SETUPS: Readonly<Record<string, Setup>> = {
  'a Redis cluster': { startDeployment: startReplicatedCluster, shortly: ['flush', 'import', 'lock:acquire --wait'] },
  'Redis behind sentinels': { startDeployment: startSentinelSet, shortly: ['import'] },
};

/** Milliseconds of silence after which servers would act by themselves; the tests promote replicas at once. */
const LATE = 60_000;

const FOLDER = scratchFolder('failover');
const KEYS = Array.from({ length: 3000 }, (_, index) => `key:${index}`);
const TAGGED = KEYS.slice(0, 300);
const LINES = KEYS.map((key) => `{"key":"${key}","value":"x","ttl":3600}\n`);
const HALF = LINES.length / 2;
const FILE = `${FOLDER}/lines.ndjson`;
const SOURCE = `${FOLDER}/source.sqlite`;
const COPY = `${FOLDER}/copy.sqlite`;
writeFileSync(FILE, LINES.join(''));

/** The number of keys that a run removed or stored. */
type Done = (store: Store, result: Result) => Promise<number>;

interface Bulk {
  readonly args: readonly string[];
  /** The word before the number of entries that are reported as done. */
  readonly word?: string;
  /** How many were really done. Equal to `of` after exit code 0. */
  readonly done: Done;
  readonly of: number;
  readonly isEmpty?: true;
}

const present = async (store: Store): Promise<number> =>
  (await store.many(KEYS)).filter((entry) => entry !== undefined).length;
const tagged = async (store: Store): Promise<number> =>
  (await store.tags(['t']).many(TAGGED)).filter((entry) => entry !== undefined).length;
const distinct = (text: string): number => new Set(text.split('\n').filter(Boolean)).size;

/** Commands of many requests. */
const BULK: Readonly<Record<string, Bulk>> = {
  flush: {
    args: ['flush', '--yes'],
    word: 'removed',
    done: async (store) => KEYS.length - (await present(store)),
    of: KEYS.length,
  },
  import: { args: ['import', FILE], word: 'imported', done: present, of: KEYS.length, isEmpty: true },
  'put --from': { args: ['put', '--from', FILE], word: 'stored', done: present, of: KEYS.length, isEmpty: true },
  export: { args: ['export'], word: 'exported', done: async (_, { out }) => distinct(out), of: KEYS.length },
  keys: { args: ['keys'], done: async (_, { out }) => distinct(out), of: KEYS.length },
  'keys --count': { args: ['keys', '--count'], done: async (_, { out }) => Number(out), of: KEYS.length },
  'copy from it': {
    args: ['copy', '--to-url', `sqlite://${COPY}`],
    word: 'copied',
    done: async () => Number((await cachectl(['keys', '--count', '--url', `sqlite://${COPY}`])).out),
    of: KEYS.length,
  },
  'copy to it': { args: ['copy', '--to-url'], word: 'copied', done: present, of: KEYS.length, isEmpty: true },
  'tags:flush': {
    args: ['tags:flush', 't', '--yes'],
    word: 'removed',
    done: async (store) => TAGGED.length - (await tagged(store)),
    of: TAGGED.length,
  },
};

function entriesOf(keys: readonly string[]): readonly NewEntry[] {
  return keys.map((key) => ({ key, value: string('x'), ttl: 3600 }));
}

function argsOf(name: string): readonly string[] {
  rmSync(COPY, { force: true });
  return BULK[name]!.args;
}

/** `it` for commands, of which these always run. */
function itAmong(shortly: readonly string[]): (command: string) => (title: string, work: () => Promise<void>) => void {
  return (command) => (RUNS_ALL || shortly.includes(command) ? it : () => {});
}

/** Beyond the exit code: no stack, no message of a library, no fault of cachectl. */
function expectHonest(what: string, { code, out, err }: Result, codes: readonly number[]): void {
  const shown = `${what}: exit ${String(code)}\n${out.slice(0, 300)}${err}`;
  expect(codes, shown).to.include(code);
  expect(out + err, shown).not.to.match(/^ {4}at |ioredis|(?:bug in|fault of) cachectl|node:internal|report this/m);
  if (code === 3 || code === 4) expect(err, shown).to.match(/^error: .+\n {2}.+\n$/m);
}

function reported({ out, err }: Result, word: string): number {
  return Number(new RegExp(`${word} ([\\d,]+) entr`).exec(out + err)?.[1]?.replaceAll(',', '') ?? 0);
}

for (const [name, { startDeployment, shortly }] of Object.entries(SETUPS)) {
  describe(`${name} whose primary is killed`, function () {
    this.timeout(90_000);
    let deployment: Deployment;
    const runs: Run[] = [];
    let victim = 0;

    const itFor = itAmong(shortly);

    before(async function () {
      deployment = await startDeployment(this, LATE);
      if (RUNS_ALL) await cachectl(['import', FILE, '--url', `sqlite://${SOURCE}`]);
    });

    afterEach(async () => {
      for (const { child } of runs.splice(0)) child.kill('SIGKILL');
    });

    after(async () => deployment?.stop());

    async function opened<T>(prefix: string, work: (store: Store) => Promise<T>): Promise<T> {
      const profile = await resolveProfile({ url: deployment.url(prefix), env: {}, cwd: FOLDER });
      const store = await openStore(profile, { timeoutMs: 60_000 });
      try {
        return await work(store);
      } finally {
        await store.close();
      }
    }

    function begin(prefix: string, args: readonly string[], timeout = '20s'): Run {
      const end = args.includes('--') ? args.indexOf('--') : args.length;
      const url = deployment.url(prefix);
      const run =
        args.at(-1) === '--to-url'
          ? start([...args, url, '--timeout', timeout], { env: { CACHECTL_URL: `sqlite://${SOURCE}` } })
          : start(args.toSpliced(end, 0, '--timeout', timeout), { env: { CACHECTL_URL: url } });
      runs.push(run);
      run.child.stdin.end();
      return run;
    }

    async function fill(prefix: string, command: string): Promise<void> {
      await opened(prefix, async (store) =>
        command === 'tags:flush' ? store.tags(['t']).putMany(entriesOf(TAGGED)) : store.putMany(entriesOf(KEYS)),
      );
    }

    /** Kill a primary once its replica has everything, and have the replica take over. */
    async function failOver(): Promise<void> {
      await replicated(deployment.primaries[victim]!.server, deployment.replicas[victim]!.server);
      await deployment.primaries[victim]!.server.kill();
      await deployment.promote(victim);
    }

    /** The next case kills another primary. */
    async function recover(): Promise<void> {
      await deployment.revive(victim);
      victim = (victim + 1) % deployment.primaries.length;
    }

    /** A run, suspended at half of its messages to the victim. */
    async function underWay(name: string, prefix: string): Promise<Run> {
      const { isEmpty } = BULK[name]!;
      const { proxy } = deployment.primaries[victim]!;
      let seen = 0;
      await proxy.inject('stalled', (message) => {
        if (isWork(message)) seen++;
        return false;
      });
      if (isEmpty !== true) await fill(`clean-${prefix}`, name);
      seen = 0;
      const clean = await begin(`clean-${prefix}`, argsOf(name)).ended;
      expect(clean.code, clean.err).to.equal(0);
      const target = Math.ceil(seen / 2);
      expect(target, 'messages to the victim').to.be.greaterThan(0);

      if (isEmpty !== true) await fill(prefix, name);
      let arrived: (() => void) | undefined;
      const reached = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      let count = 0;
      await proxy.inject('stalled', (message) => {
        if (isWork(message)) count++;
        if (count >= target) arrived?.();
        return count >= target && isWork(message);
      });
      const run = begin(prefix, argsOf(name));
      await Promise.race([reached, run.ended.then(({ err }) => expect.fail(`ended early: ${err}`))]);
      return run;
    }

    for (const [command, { word, done, of }] of Object.entries(BULK)) {
      itFor(command)(
        `during ${command}: it finishes at the new primary, or reports no more than was done`,
        async () => {
          const prefix = `f-${command.replaceAll(' ', '-')}-`;
          const run = await underWay(command, prefix);
          await failOver();
          const result = await run.ended;
          await recover();
          expectHonest(command, result, [0, 3, 4]);
          const really = await opened(prefix, async (store) => done(store, result));
          if (result.code === 0) expect(really).to.equal(of);
          if (word !== undefined) expect(reported(result, word)).to.be.at.most(really);
        },
      );
    }

    /** Cut off the replica of the victim, so that the servers lose what the victim acknowledges from now on. */
    async function withoutReplication(work: () => Promise<void>): Promise<void> {
      const { client } = deployment.replicas[victim]!.server;
      const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))![1]);
      await halt(pid);
      try {
        await deployment.primaries[victim]!.server.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
        await work();
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    }

    itFor('lossy import')(
      'with writes that only it had: import stops, and says that a replica may lack them',
      async () => {
        const run = start(['import', '-', '--timeout', '20s'], { env: { CACHECTL_URL: deployment.url('lossy-') } });
        runs.push(run);
        run.child.stdin.on('error', () => {
          // It ends without having read everything.
        });
        const clients = deployment.primaries.map(({ server }) => server.client);
        const size = async (): Promise<number> =>
          (await Promise.all(clients.map(async (client) => client.dbsize()))).reduce((sum, keys) => sum + keys, 0);
        const before = await size();
        await withoutReplication(async () => {
          run.child.stdin.write(LINES.slice(0, HALF).join(''));
          await until(async () => (await size()) === before + HALF);
          await deployment.primaries[victim]!.server.kill();
        });
        await deployment.promote(victim);
        run.child.stdin.end(LINES.slice(HALF).join(''));
        const result = await run.ended;
        await recover();
        // Code 3 if the last answer was lost with the server.
        expectHonest('import', result, [3, 4]);
        expect(result.err).to.match(
          /closed the connection\n.*A replica may take over, possibly without the last writes/,
        );
      },
    );

    async function held(name: string): Promise<boolean> {
      return opened('locks-', async (store) => (await store.lock(name).holder()) !== undefined);
    }

    /** The primary that serves this key fails next. */
    async function aimAt(key: string): Promise<void> {
      for (const [index, { server }] of deployment.primaries.entries()) {
        if (
          await server.client.exists(key).then(
            () => true,
            () => false,
          )
        )
          victim = index;
      }
    }

    /** Resolves once the command runs. It ends when the file `go` exists. */
    async function job(...flags: string[]): Promise<Run> {
      const command = `echo started >&2; while [ ! -e ${FOLDER}/go ]; do sleep 0.1; done; echo ran`;
      rmSync(`${FOLDER}/go`, { force: true });
      const run = begin('locks-', [...flags, '--', 'sh', '-c', command], '5s');
      await run.saw('started', 'err');
      return run;
    }

    itFor('lock:run')('during lock:run: the lock is renewed at the new primary, and released there', async () => {
      const run = await job('lock:run', 'job', '--ttl', '20s');
      await aimAt('locks-job');
      await failOver();
      const { client } = deployment.primaries[victim]!.server;
      await client.pexpire('locks-job', 15_000);
      await until(async () => (await client.pttl('locks-job')) > 15_000 || run.child.exitCode !== null);
      writeFileSync(`${FOLDER}/go`, '');
      const result = await run.ended;
      await recover();
      expect(result).to.include({ code: 0, out: 'ran\n' });
      expect(await held('job')).to.equal(false);
    });

    itFor('lock:run')(
      'during lock:run, with a lock that only it had: the command is stopped, and the lock is lost',
      async () => {
        let run: Run | undefined;
        await aimAt('locks-job');
        await withoutReplication(async () => {
          run = await job('lock:run', 'job', '--ttl', '6s');
          await deployment.primaries[victim]!.server.kill();
        });
        await deployment.promote(victim);
        const result = await run!.ended;
        await recover();
        expect(result).to.include({ code: 76, out: '' });
        expect(result.err).to.match(/^started\njob was lost while the command ran: it expired or was broken/);
      },
    );

    itFor('remember')('during remember: the output is stored at the new primary', async () => {
      const run = await job('remember', 'job', '--ttl', '1h', '--value-only');
      await aimAt('locks-job');
      await failOver();
      writeFileSync(`${FOLDER}/go`, '');
      const result = await run.ended;
      await recover();
      expect(result).to.include({ code: 0, out: 'ran\n' });
      expect(result.err).not.to.include('stored');
      expect(await cachectl(['get', 'job', '--url', deployment.url('locks-')])).to.include({ code: 0, out: 'ran\n\n' });
    });

    itFor('lock:acquire --wait')('during lock:acquire --wait: the wait goes on at the new primary', async () => {
      expect(await opened('locks-', async (store) => store.lock('taken').acquire('ann', 3600))).to.equal(true);
      const run = begin('locks-', ['lock:acquire', 'taken', '--ttl', '1h', '--wait', '2m'], '5s');
      await run.saw('waiting for taken', 'err');
      await aimAt('locks-taken');
      await failOver();
      expect(await opened('locks-', async (store) => store.lock('taken').release('ann'))).to.equal(true);
      const result = await run.ended;
      await recover();
      expect(result).to.include({ code: 0 });
      const holder = await opened('locks-', async (store) => store.lock('taken').holder());
      expect(holder?.owner).to.equal(result.out.trim());
    });

    itFor('events:tail')('during events:tail: it goes on at the new primary, and reports the gap', async () => {
      const run = begin('tail-', ['events:tail'], '5s');
      const heard = async (key: string): Promise<void> => {
        await until(async () => {
          await opened('tail-', async (store) => store.put(key, string('x'), 60));
          return run.output().includes(key) || run.child.exitCode !== null;
        });
      };

      await heard('before');
      await aimAt('tail-before');
      await failOver();
      await heard('after');
      run.child.kill('SIGTERM');
      const result = await run.ended;
      await recover();
      expect(result.code).to.equal(4);
      expect(result.err).to.match(/events from \S+Z to \S+Z may have been missed\n/);
      expectHonest('events:tail', { ...result, code: 0 }, [0]);
    });
  });
}
