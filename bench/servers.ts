import { Redis } from 'ioredis';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../test/support/redis-server.js';

/** Run `work` with a new redis-server and a client for it. */
export async function withRedis<T>(work: (port: number, client: Redis) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    const server: ChildProcess = spawn('redis-server', args, { stdio: 'ignore' });
    const client = new Redis(port, { protocol: 2, retryStrategy: () => 25, maxRetriesPerRequest: null });
    client.on('error', () => {
      // Wait until it listens.
    });
    try {
      await client.ping();
      return await work(port, client);
    } finally {
      client.disconnect();
      const exit = once(server, 'exit');
      server.kill();
      await exit;
    }
  });
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
