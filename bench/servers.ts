import type { Context } from 'mocha';

import { Redis } from 'ioredis';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startCluster } from '../test/support/redis-cluster.js';
import { freePort } from '../test/support/redis-server.js';

/** A new redis-server, empty at first. */
export interface BenchServer {
  readonly port: number;
  readonly client: Redis;
  stop(): Promise<void>;
}

/** Run `work` with a new redis-server and a client for it. */
export async function withRedis<T>(work: (port: number, client: Redis) => Promise<T>): Promise<T> {
  return withServers(
    async () => [await startServer()] as const,
    async ([{ port, client }]) => work(port, client),
  );
}

/** Run `work` with several new servers that know nothing of each other. */
export async function withRedises<T>(size: number, work: (servers: readonly BenchServer[]) => Promise<T>): Promise<T> {
  return withServers(async () => Promise.all(Array.from({ length: size }, async () => startServer())), work);
}

/** Run `work` with the primaries of a new cluster. */
export async function withCluster<T>(size: number, work: (nodes: readonly BenchServer[]) => Promise<T>): Promise<T> {
  return withServers(async () => {
    const { nodes } = await startCluster(startServer, size);
    return nodes;
  }, work);
}

async function withServers<S extends readonly BenchServer[], T>(
  start: () => Promise<S>,
  work: (servers: S) => Promise<T>,
): Promise<T> {
  const servers = await start();
  try {
    return await work(servers);
  } finally {
    await Promise.all(servers.map(async (server) => server.stop()));
  }
}

async function startServer(options: readonly string[] = []): Promise<BenchServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-bench-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const server: ChildProcess = spawn('redis-server', [...args, ...options], { stdio: 'ignore' });
  const client = new Redis(port, { protocol: 2, retryStrategy: () => 25, maxRetriesPerRequest: null });
  client.on('error', () => {
    // Wait until it listens.
  });
  await client.ping();
  return {
    port,
    client,
    async stop() {
      client.disconnect();
      const exit = once(server, 'exit');
      server.kill();
      await exit;
      rmSync(folder, { recursive: true });
    },
  };
}

/** The context of a server that tests would skip. @param missing the error in place of that */
export function required(missing: string): Context {
  const context = {
    skip(): never {
      throw new Error(missing);
    },
  };
  return context as unknown as Context;
}

export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Run `work` with a new memcached that has room for all benches. */
export async function withMemcached<T>(work: (port: number) => Promise<T>): Promise<T> {
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const args = ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-m', '4096', ...user];
  const server = spawn('memcached', args, { stdio: 'ignore' });
  try {
    await listening(port);
    return await work(port);
  } finally {
    const exit = once(server, 'exit');
    server.kill();
    await exit;
  }
}

async function listening(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      // Not up yet.
      await sleep(25);
    } finally {
      socket.destroy();
    }
  }
}
