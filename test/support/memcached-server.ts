import type { Context } from 'mocha';

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { MemcachedProfile } from '../../src/profiles/profile.js';

import { halt } from './halt.js';
import { freePort } from './redis-server.js';
import { requireProgram } from './requirements.js';

/** A Memcached server for tests, empty at first. */
export interface MemcachedServer {
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  /** Send a text command on a new connection, and return the answer up to the line that matches `end`. */
  say(command: string, end?: RegExp): Promise<string>;
  flush(): Promise<void>;
  /** Like a crash. */
  kill(): Promise<void>;
  /** Suspend the server: it keeps its connections and answers nothing until `resume`. Resolves when it has stopped. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

/**
 * Start memcached on a free port, or use CACHECTL_TEST_MEMCACHED_URL (`host:port`), which is emptied. Without either,
 * the tests of `context` are skipped with a notice, or fail under CI.
 * @param options command-line options, such as `-I`, `2m`; they need a separate server
 */
export async function startMemcached(context: Context, ...options: string[]): Promise<MemcachedServer> {
  const given = process.env.CACHECTL_TEST_MEMCACHED_URL;
  if (given && options.length === 0) return emptied(given);
  const { port, child } = await spawnMemcached(context, options);
  const address = `127.0.0.1:${port}`;
  await until(address);
  if (child.exitCode !== null) throw new Error(`memcached ended with ${child.exitCode}: another server has its port`);
  return server(address, child);
}

/** A profile of these servers, as for a Laravel application with php-memcached's defaults. */
export function memcachedProfile(
  ports: readonly number[],
  prefix: string,
  more: Partial<MemcachedProfile> = {},
): MemcachedProfile {
  return {
    driver: 'memcached',
    name: 'test',
    prefix,
    codec: 'php',
    protected: false,
    servers: ports.map((port) => ({ host: '127.0.0.1', port, weight: 1 })),
    distribution: 'modulo',
    serializer: 'php',
    compression: 'fastlz',
    // Some tests use keys that are not ASCII.
    unicodeKeys: true,
    ...more,
  };
}

/** Start a server with its own set-up on its own port. It may not listen yet. */
export async function spawnMemcached(
  context: Context,
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ port: number; child: ChildProcess }> {
  const program = requireProgram(context, 'memcached');
  const port = await freePort();
  // As root, it requires a user.
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const child = spawn(program, ['-l', '127.0.0.1', '-p', String(port), '-U', '0', ...user, ...options], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  return { port, child };
}

/** Resolves when something listens there. */
export async function until(address: string): Promise<void> {
  for (;;) {
    const socket = dialled(address);
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) return;
    await sleep(10);
  }
}

/** Like a signal. */
export async function ended(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  // A suspended process takes no other signal.
  child.kill('SIGCONT');
  await exit;
}

async function emptied(address: string): Promise<MemcachedServer> {
  const given = server(address);
  await given.flush();
  return given;
}

function server(address: string, child?: ChildProcess): MemcachedServer {
  const say = async (command: string, end = /\r\n$/): Promise<string> => said(address, command, end);
  return {
    port: Number(address.split(':').at(-1)),
    address,
    say,
    async flush() {
      await say('flush_all');
    },
    async kill() {
      if (child) await ended(child, 'SIGKILL');
    },
    async pause() {
      if (child) await halt(child.pid!);
    },
    resume() {
      child?.kill('SIGCONT');
    },
    async stop() {
      if (child) await ended(child, 'SIGTERM');
    },
  };
}

async function said(address: string, command: string, end: RegExp): Promise<string> {
  const socket = dialled(address);
  try {
    return await new Promise((resolve, reject) => {
      let answer = '';
      socket.once('error', reject);
      socket.once('close', () => reject(new Error(`it ended the connection after: ${answer}`)));
      socket.on('data', (chunk) => {
        answer += chunk.toString('latin1');
        if (end.test(answer)) resolve(answer);
      });
      socket.write(Buffer.from(`${command}\r\n`));
    });
  } finally {
    socket.destroy();
  }
}

function dialled(address: string): Socket {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? [];
  return connect({ host, port: Number(port) });
}
