import type { Context } from 'mocha';

import { Redis } from 'ioredis';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { requireProgram } from './requirements.js';

/** A Redis server for tests, empty at first. */
export interface RedisServer {
  readonly port: number;
  /** Database 0. */
  readonly url: string;
  /** For preparing and looking; ended with the server. */
  readonly client: Redis;
  flush(): Promise<void>;
  /** As a crash does. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts redis-server on a free port, or takes the one that CACHECTL_TEST_REDIS_URL names (which is emptied). Without
 * either the tests of `context` are skipped, loudly, or fail under CI.
 * @param options as of redis.conf, e.g. `--requirepass`, `secret`; they need a server of their own
 */
export async function startRedis(context: Context, ...options: string[]): Promise<RedisServer> {
  const given = process.env.CACHECTL_TEST_REDIS_URL;
  if (given && options.length === 0) return connected(given, async () => {});
  const program = requireProgram(context, 'redis-server');
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-redis-'));
  const port = options.includes('--port') ? Number(options[options.indexOf('--port') + 1]) : await freePort();
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const server = spawn(program, [...fixed, ...options], { stdio: 'ignore' });
  const password = options[options.indexOf('--requirepass') + 1];
  const credentials = options.includes('--requirepass') ? `:${password}@` : '';
  return connected(`redis://${credentials}127.0.0.1:${port}`, async (signal) => {
    await ended(server, signal);
    rmSync(folder, { force: true, recursive: true });
  });
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function connected(url: string, end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>): Promise<RedisServer> {
  const client = new Redis(url, {
    protocol: 2,
    retryStrategy: (times) => (times > 200 ? null : 25),
    maxRetriesPerRequest: null,
  });
  client.on('error', () => {
    // Until it listens; after that the tests see what fails.
  });
  await client.ping();
  const over = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    client.disconnect();
    await end(signal);
  };

  return {
    port: Number(new URL(url).port || 6379),
    url: `${url.replace(/\/\d*$/, '')}/0`,
    client,
    async flush() {
      await client.flushall();
    },
    kill: async () => over('SIGKILL'),
    stop: async () => over('SIGTERM'),
  };
}

async function ended(server: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = once(server, 'exit');
  server.kill(signal);
  await exit;
}
