import type { Context } from 'mocha';

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
import { VICTIMS } from '../support/victims.js';

const ROUNDS = RUNS_ALL ? 20 : 1;
const ENTRIES = RUNS_ALL ? 20_000 : 4000;

/** A server that is killed, and started again with its files. */
interface Crashing {
  readonly url: string;
  /** The entries that are there, tagged or not. Fails while the server is down. */
  count(): Promise<number>;
  empty(): Promise<void>;
  kill(): Promise<void>;
  /** Returns when it answers. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

const SERVERS: Readonly<Record<string, (context: Context, folder: string) => Promise<Crashing>>> = {
  Redis: async (context, folder) => new DurableRedis(requireProgram(context, 'redis-server'), folder, await freePort()),
  MySQL: async (context) => ofSql(context, 'MySQL'),
  PostgreSQL: async (context) => ofSql(context, 'PostgreSQL'),
};

async function ofSql(context: Context, name: 'MySQL' | 'PostgreSQL'): Promise<Crashing> {
  const victim = await VICTIMS[name]!(context);
  const url = `${victim.url(victim.port)}?prefix=app-`;
  const ask = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await cachectl([...args, '--url', url]);
    expect(code, err).to.equal(0);
    return out;
  };

  return {
    url,
    count: async () => Number(await ask('keys', '--count')),
    async empty() {
      await ask('flush', '--yes');
    },
    kill: async () => victim.restart!('crash'),
    async restart() {
      await until(async () => (await cachectl(['keys', '--count', '--url', url])).code === 0);
    },
    end: async () => victim.kill(),
  };
}

/** Redis that has on disk whatever it acknowledged. */
class DurableRedis implements Crashing {
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

  async restart(): Promise<void> {
    this.#server = this.#start();
    // Answers only when the file is loaded.
    await until(async () => (await this.client.ping().catch(() => '')) === 'PONG');
  }

  async count(): Promise<number> {
    return (await this.client.keys('app-*')).filter((key) => !/^app-tag:.*:entries$/.test(key)).length;
  }

  async empty(): Promise<void> {
    await this.client.flushall();
  }

  async end(): Promise<void> {
    this.client.disconnect();
    await this.kill();
  }
}

for (const [product, startServer] of Object.entries(SERVERS)) {
  describe(`${product}, killed in the middle of tagged writes and started again`, function () {
    this.timeout(600_000);
    let server: Crashing;
    let folder = '';

    before(async function () {
      folder = scratchFolder('killed-tags');
      server = await startServer(this, folder);
    });

    after(async () => server?.end());

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
          await server.empty();
          const writer = start([...words, file, ...flags, '--url', server.url, '--timeout', '2s']);
          writer.child.stdin.end();
          const enough = Math.floor((ENTRIES * round) / ROUNDS / 2);
          await until(async () => (await server.count()) > enough || writer.child.exitCode !== null);
          await server.kill();
          const { code, err } = await writer.ended;
          expect(code, err).to.be.oneOf([0, 3, 4]);
          await server.restart();
          expect(await server.count()).to.be.greaterThan(0);
          const flushed = await cachectl(['tags:flush', round % 2 === 0 ? 'a' : 'b', '--yes', '--url', server.url]);
          expect(flushed.code, flushed.err).to.equal(0);
          expect(await server.count()).to.equal(0);
        }
      });
    }
  });
}
