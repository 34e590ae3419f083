import type { Context } from 'mocha';

import { Redis } from 'ioredis';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { requireCached, requireProgram } from './requirements.js';

/** How a server's own client connects. Default: 127.0.0.1 without TLS. */
export interface Reach {
  readonly host?: string;
  readonly tls?: { readonly ca: Buffer };
}

/** An installed server, or one that `scripts/test-redis.sh` unpacked. */
export type ServerProgram = 'redis-server' | 'redis-server-8' | 'valkey-server-9';

/** A Redis server for tests, empty at first. */
export interface RedisServer {
  readonly port: number;
  /** Database 0. */
  readonly url: string;
  /** For preparing and checking; closed with the server. */
  readonly client: Redis;
  flush(): Promise<void>;
  /** Like a crash. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Start redis-server on a free port, or use CACHECTL_TEST_REDIS_URL (which is emptied). Without either, the tests of
 * `context` are skipped with a notice, or fail under CI.
 * @param options lines of redis.conf, such as `--requirepass`, `secret`; they need a separate server
 */
export async function startRedis(context: Context, ...options: string[]): Promise<RedisServer> {
  const given = process.env.CACHECTL_TEST_REDIS_URL;
  if (given && options.length === 0) return connected(given, async () => {});
  return startServer(context, 'redis-server', options);
}

/**
 * Start a server of the given program on a free port.
 * @param options lines of redis.conf; `--port` and `--bind` override the defaults
 * @param reach what the server's own client needs beside host and port (TLS)
 */
export async function startServer(
  context: Context,
  name: ServerProgram,
  options: readonly string[] = [],
  reach: Reach = {},
): Promise<RedisServer> {
  const program = name === 'redis-server' ? requireProgram(context, name) : requireCached(context, name);
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-redis-'));
  const port = valueOf('--tls-port', options) ?? valueOf('--port', options) ?? (await freePort());
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const server = spawn(program, [...fixed, ...options], { stdio: 'ignore' });
  const password = options[options.indexOf('--requirepass') + 1];
  const credentials = options.includes('--requirepass') ? `:${password}@` : '';
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    await ended(server, signal);
    rmSync(folder, { force: true, recursive: true });
  };

  const scheme = reach.tls === undefined ? 'redis' : 'rediss';
  return connected(`${scheme}://${credentials}${reach.host ?? '127.0.0.1'}:${port}`, end, reach);
}

function valueOf(option: string, options: readonly string[]): number | undefined {
  return options.includes(option) ? Number(options[options.indexOf(option) + 1]) : undefined;
}

/**
 * A free port of 127.0.0.1 that no other test process gets while this one lives. Test files run in parallel, and a
 * server takes a while to listen. The range is below the one from which systems give ports to outgoing connections,
 * and so is that of the cluster bus (10,000 higher).
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 22_000);
    const candidate = await listening(port, '127.0.0.1');
    if (candidate === undefined) continue;
    const isOurs = await reserve(port);
    candidate.close();
    await once(candidate, 'close');
    if (isOurs) return port;
  }
}

/** Reserve a port by listening on another local address while this process lives. */
async function reserve(port: number): Promise<boolean> {
  // Other systems usually have only one local address.
  if (process.platform !== 'linux') return true;
  const reservation = await listening(port, '127.0.0.2');
  reservation?.unref();
  return reservation !== undefined;
}

/** Undefined if something listens there. */
async function listening(port: number, address: string): Promise<Server | undefined> {
  const server = createServer().listen(port, address);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

async function connected(
  url: string,
  end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>,
  reach: Reach = {},
): Promise<RedisServer> {
  const client = new Redis(url, {
    protocol: 2,
    retryStrategy: (times: number) => (times > 200 ? null : 25),
    maxRetriesPerRequest: null,
    ...reach,
  });
  client.on('error', () => {
    // Wait until it listens. Later errors are for the tests.
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
