import type { Context } from 'mocha';

import { Redis } from 'ioredis';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { freePort } from './redis-server.js';
import { requireProgram } from './requirements.js';

/** A sentinel that watches a primary under the name `mymaster`. */
export interface RedisSentinel {
  readonly port: number;
  readonly client: Redis;
  stop(): Promise<void>;
}

/**
 * Start it on a free port and wait until it answers. It rewrites its configuration, so it gets a file of its own.
 * @param options how many sentinels must agree, and after how many milliseconds of silence a server is down
 */
export async function startRedisSentinel(
  context: Context,
  primaryPort: number,
  { quorum = 1, downAfter = 30_000 } = {},
): Promise<RedisSentinel> {
  const program = requireProgram(context, 'redis-server');
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-sentinel-'));
  const file = path.join(folder, 'sentinel.conf');
  const port = await freePort();
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${folder}`,
    `sentinel monitor mymaster 127.0.0.1 ${primaryPort} ${quorum}`,
    `sentinel down-after-milliseconds mymaster ${downAfter}`,
    'sentinel failover-timeout mymaster 3000',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const server = spawn(program, [file, '--sentinel'], { stdio: 'ignore' });
  const client = new Redis(port, '127.0.0.1', { protocol: 2, retryStrategy: () => 25, maxRetriesPerRequest: null });
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
      server.kill('SIGTERM');
      await exit;
      rmSync(folder, { force: true, recursive: true });
    },
  };
}
