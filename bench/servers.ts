import { Redis } from 'ioredis';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { freePort } from '../test/support/redis-server.js';

/** A redis-server of its own, with a client to look into it. */
export async function withRedis<T>(work: (port: number, client: Redis) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    const server: ChildProcess = spawn('redis-server', args, { stdio: 'ignore' });
    const client = new Redis(port, { protocol: 2, retryStrategy: () => 25, maxRetriesPerRequest: null });
    client.on('error', () => {
      // Until it listens.
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
