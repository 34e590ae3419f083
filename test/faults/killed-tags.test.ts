import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { until } from '../../src/testing/suite/stores.js';
import { cachectl, start } from '../support/cli.js';
import { RUNS_ALL } from '../support/extent.js';
import { ended } from '../support/memcached-server.js';
import { freePort } from '../support/redis-server.js';
import { requireProgram } from '../support/requirements.js';
import { scratchFolder } from '../support/scratch.js';

const ROUNDS = RUNS_ALL ? 20 : 1;
const ENTRIES = RUNS_ALL ? 20_000 : 4000;

/** Redis that has on disk whatever it acknowledged. */
class DurableRedis {
  readonly client: Redis;
  readonly url: string;
  readonly #start: () => ChildProcess;
  #server: ChildProcess;

  constructor(program: string, folder: string, port: number) {
    const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...durable];
    this.#start = () => spawn(program, args, { stdio: 'ignore' });
    this.#server = this.#start();
    this.url = `redis://127.0.0.1:${port}?prefix=app-`;
    this.client = new Redis(port, { protocol: 2, retryStrategy: () => 25, maxRetriesPerRequest: null });
    this.client.on('error', () => {
      // Between two servers.
    });
  }

  async kill(): Promise<void> {
    await ended(this.#server, 'SIGKILL');
  }

  restart(): void {
    this.#server = this.#start();
  }

  /** The entries that are there, tagged or not. */
  async entries(): Promise<readonly string[]> {
    // Answers only when the file is loaded.
    await until(async () => (await this.client.ping().catch(() => '')) === 'PONG');
    return (await this.client.keys('app-*')).filter((key) => !/^app-tag:.*:entries$/.test(key));
  }
}

describe('Redis, killed in the middle of tagged writes and started again', function () {
  this.timeout(600_000);
  let redis: DurableRedis;
  let folder = '';

  before(async function () {
    folder = scratchFolder('killed-tags');
    redis = new DurableRedis(requireProgram(this, 'redis-server'), folder, await freePort());
  });

  after(async () => {
    redis.client.disconnect();
    await redis.kill();
  });

  const writers = [
    { words: ['import'], ending: ',"tags":["a","b"]}', flags: [] },
    { words: ['put', '--from'], ending: '}', flags: ['--tags', 'a,b'] },
  ];
  for (const { words, ending, flags } of writers) {
    it(`${ROUNDS} times in ${words.join(' ')}: a flush of either tag finds every entry`, async () => {
      const file = path.join(folder, 'many.ndjson');
      const entries = Array.from({ length: ENTRIES }, (_, at) => `{"key":"k${at}","value":"some text"${ending}\n`);
      writeFileSync(file, entries.join(''));
      for (let round = 0; round < ROUNDS; round++) {
        await redis.client.flushall();
        const writer = start([...words, file, ...flags, '--url', redis.url, '--timeout', '2s']);
        writer.child.stdin.end();
        const enough = 1 + Math.floor((ENTRIES * round) / ROUNDS / 2);
        await until(async () => (await redis.client.dbsize()) > enough || writer.child.exitCode !== null);
        await redis.kill();
        const { code, err } = await writer.ended;
        expect(code, err).to.be.oneOf([0, 3, 4]);
        redis.restart();
        expect(await redis.entries()).to.not.be.empty;
        const flushed = await cachectl(['tags:flush', round % 2 === 0 ? 'a' : 'b', '--yes', '--url', redis.url]);
        expect(flushed.code, flushed.err).to.equal(0);
        expect(await redis.entries()).to.deep.equal([]);
      }
    });
  }
});
