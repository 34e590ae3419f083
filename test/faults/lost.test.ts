import { expect } from 'chai';

import type { Run } from '../support/cli.js';

import { cachectl, start } from '../support/cli.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { expectFault, reportedCount } from '../support/faults.js';
import { halt } from '../support/halt.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** Enough that a flush is seen to be under way. */
const MANY = 1_000_000;

/** How a server fails while a command uses it. */
const ENDS = {
  async killed(redis: RedisServer) {
    await redis.kill();
  },
  async stopped(redis: RedisServer) {
    await halt(await pidOf(redis));
  },
};

async function pidOf(redis: RedisServer): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await redis.client.info('server'))![1]);
}

async function until(holds: () => Promise<boolean>, run: Run): Promise<void> {
  while (!(await holds())) {
    const { exitCode } = run.child;
    expect(exitCode, 'the run ended too early').to.equal(null);
  }
}

/** Entries for put --from. */
function lines(from: number): string {
  return Array.from({ length: 5000 }, (_, index) => `{"key":"k${from + index}","value":1}\n`).join('');
}

/** Waits for a lock, with more than one request. */
async function hasWaited({ client }: RedisServer): Promise<boolean> {
  return /cmdstat_set:calls=([3-9]|\d\d)/.test(await client.info('commandstats'));
}

describe('a Redis server that goes away', function () {
  this.timeout(120_000);
  let redis: RedisServer;
  let pid: number;

  beforeEach(async function () {
    redis = await startRedis(this, '--enable-debug-command', 'yes');
    pid = await pidOf(redis);
  });

  afterEach(async () => {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // Killed by the test.
    }

    await redis.stop();
  });

  for (const [how, end] of Object.entries(ENDS)) {
    const because = how === 'killed' ? 'closed the connection' : 'did not answer in time';
    // A server that is only slow, on a busy machine, must not look like one that was stopped.
    const timeout = ['--timeout', how === 'killed' ? '30s' : '2s'];

    it(`${how} during a flush: reports how many were removed`, async () => {
      await redis.client.call('DEBUG', 'POPULATE', MANY, 'shop-');
      const run = start(['flush', '--yes', '--url', `${redis.url}?prefix=shop-`, ...timeout]);
      // More than can be in flight: some of it has been acknowledged.
      await until(async () => (await redis.client.dbsize()) < 0.8 * MANY, run);
      await end(redis);
      const result = await run.ended;
      expectFault(result, { code: 4, message: because });
      expect(reportedCount('removed', result)).to.be.within(1, MANY - 1);
    });

    it(`${how} during put --from: reports how many were stored`, async () => {
      const run = start(['put', '--from', '-', '--url', redis.url, ...timeout]);
      run.child.stdin.on('error', () => {
        // It ends without having read everything.
      });
      run.child.stdin.write(lines(0));
      await until(async () => (await redis.client.dbsize()) === 5000, run);
      await end(redis);
      run.child.stdin.write(lines(5000));
      const result = await run.ended;
      expectFault(result, { code: 4, message: because });
      // The last writes may be unacknowledged: at most the two batches in flight.
      expect(reportedCount('stored', result)).to.be.within(3000, 5000);
    });

    it(`${how} during a wait for a lock: the waiter retries until its time ends`, async () => {
      await redis.client.set('deploy', 'ann');
      const args = ['lock:acquire', 'deploy', '--ttl', '60', '--wait', '8s', '--url', redis.url];
      const run = start([...args, '--timeout', '2s']);
      await until(async () => hasWaited(redis), run);
      await end(redis);
      const message = how === 'killed' ? 'refuses connections' : 'did not answer in time';
      expectFault(await run.ended, { code: 3, message });
    });
  }

  it('killed during events:tail: the tail waits for it, and reports the gap', async () => {
    const run = start(['events:tail', '--enable', '--url', redis.url]);
    await until(async () => {
      await redis.client.set('probe', '1');
      return run.output().includes('probe');
    }, run);
    await redis.kill();
    await run.saw('closed the connection; reconnecting', 'err');
    run.child.kill('SIGTERM');
    const { code, err } = await run.ended;
    expect(code).to.equal(4);
    expect(err).to.match(/closed the connection; events from \S+Z to \S+Z may have been missed\n$/);
  });

  function holding(...flags: string[]): Run {
    const command = ['sh', '-c', 'echo held; exec sleep 600'];
    return start(['lock:run', 'deploy', '--ttl', '4', '--url', redis.url, ...flags, '--', ...command]);
  }

  it('killed during lock:run: the command is stopped in time, and the lock is reported as lost', async () => {
    const run = holding();
    await run.saw('held');
    await redis.kill();
    const { code, err } = await run.ended;
    expect(code).to.equal(76);
    expect(err).to.match(
      /^deploy was lost while the command ran: it could not be renewed before its TTL ended: .*refuses/,
    );
  });

  it('stopped during lock:run: the lock is lost when its TTL ends, without waiting for an answer', async () => {
    const run = holding('--timeout', '10m');
    await run.saw('held');
    await halt(pid);
    await run.saw('deploy was lost while the command ran', 'err');
    process.kill(pid, 'SIGCONT');
    expect((await run.ended).code).to.equal(76);
  });

  /** Everything reaches the server, and no answer comes back once `word` was in a request. */
  async function silentAfter(word: string) {
    let sent = '';
    const proxy = await startFaultProxy(redis.port, {
      filter: () => ({
        asked(chunk) {
          sent += chunk.toString('latin1');
        },
        answered: (chunk) => (sent.includes(word) ? '' : chunk),
      }),
    });
    return { url: `redis://127.0.0.1:${proxy.port}`, sent: () => sent, stop: async () => proxy.stop() };
  }

  it('silent during an acquire: a late acquisition is undone', async () => {
    const proxy = await silentAfter('NX');
    expectFault(await cachectl(['lock:acquire', 'deploy', '--ttl', '0', '--timeout', '1s', '--url', proxy.url]), {
      code: 3,
      message: /did not answer in time; deploy may or may not have been acquired for cachectl:/,
    });
    expect(proxy.sent()).to.match(/NX[^]*EVAL/);
    await proxy.stop();
    while (await redis.client.exists('deploy')) await redis.client.ping();
  });

  it('silent during an acquire with a given owner: the outcome is reported as unknown', async () => {
    const proxy = await silentAfter('NX');
    const args = ['lock:acquire', 'deploy', '--ttl', '0', '--owner', 'ann', '--timeout', '1s'];
    expectFault(await cachectl([...args, '--url', proxy.url]), {
      code: 3,
      message: 'deploy may or may not have been acquired for ann',
      hint: 'cachectl lock:show deploy',
    });
    expect(proxy.sent()).not.to.match(/NX[^]*EVAL/);
    await proxy.stop();
    expect(await redis.client.get('deploy')).to.equal('ann');
  });

  it('stopped before the first request: every command ends in time', async () => {
    await halt(pid);
    for (const command of [['get', 'a'], ['put', 'a', 'b'], ['lock:acquire', 'a', '--ttl', '9'], ['events:tail']]) {
      const result = await cachectl([...command, '--url', redis.url, '--timeout', '1s']);
      expectFault(result, { code: 3, message: /did not answer in time$/ });
    }
  });
});
