import type { Context } from 'mocha';

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import path from 'node:path';

import { DRIVER as MYSQL } from '../../src/stores/mysql/store.js';
import { DRIVER as POSTGRES } from '../../src/stores/postgres/store.js';
import { until } from '../../src/testing/suite/stores.js';
import { halt } from './halt.js';
import { ended, until as listening, spawnMemcached } from './memcached-server.js';
import { startOwnMongodb } from './mongodb-server.js';
import { startMysql } from './mysql-server.js';
import { startPostgres } from './postgres-server.js';
import { startServer } from './redis-server.js';
import { sqlProfile, type SqlServer } from './sql-server.js';
import { createLaravelTables, createOwnTables } from './sql-tables.js';

/** A server that is taken away. */
export interface Victim {
  readonly port: number;
  url(port: number): string;
  pause(): Promise<void>;
  resume(): void;
  /** End the process in order, or like a crash, and start another one with the same files. */
  restart?(how?: 'crash' | 'in order'): Promise<void>;
  kill(): Promise<void>;
}

export const VICTIMS: Readonly<Record<string, (context: Context) => Promise<Victim>>> = {
  async Redis(context) {
    const server = await startServer(context, 'redis-server');
    const pid = Number(/process_id:(\d+)/.exec(await server.client.info('server'))![1]);
    const command = ['redis-server', '--port', String(server.port), '--bind', '127.0.0.1', '--save', ''];
    return { ...ofProcess(pid, server, command), url: (port) => `redis://127.0.0.1:${port}` };
  },
  async Memcached(context) {
    const { port, child } = await spawnMemcached(context, ['-m', '64']);
    await listening(`127.0.0.1:${port}`);
    const server = { port, kill: async () => ended(child, 'SIGKILL') };
    return { ...ofProcess(child.pid!, server), url: (port) => `memcached://127.0.0.1:${port}` };
  },
  async MongoDB(context) {
    const server = await startOwnMongodb(context, 'java');
    return { ...server, url: (port) => `mongodb://127.0.0.1:${port}/cache` };
  },
  // What was committed outlives the process.
  MySQL: async (context) => ofSql(await startMysql(context, ['--innodb-flush-log-at-trx-commit=2']), 'mysql', MYSQL),
  PostgreSQL: async (context) => ofSql(await startPostgres(context, ['max_connections=30']), 'postgres', POSTGRES),
};

async function ofSql(server: SqlServer, name: 'mysql' | 'postgres', driver: typeof MYSQL): Promise<Victim> {
  const profile = sqlProfile(name, server, '');
  await createLaravelTables(driver, profile);
  await createOwnTables(driver, profile);
  const url = (port: number): string => {
    const parts = new URL(server.url);
    parts.port = String(port);
    return parts.href;
  };

  return { ...ofProcess(server.pid!, { port: server.connection.port, kill: server.kill }), url };
}

/** @param command the start command, if the process has changed its title */
function ofProcess(
  first: number,
  { port, kill }: Pick<Victim, 'kill' | 'port'>,
  command?: readonly string[],
): Required<Omit<Victim, 'url'>> {
  let pid = first;
  let next: ChildProcess | undefined;
  return {
    port,
    async pause() {
      await halt(pid);
      // The parent can neither start nor reap a child now.
      for (const child of children(pid)) await halt(child);
    },
    resume() {
      for (const each of [...children(pid), pid]) process.kill(each, 'SIGCONT');
    },
    async restart(how = 'in order') {
      const folder = `/proc/${pid}`;
      const [program, ...args] = command ?? readFileSync(`${folder}/cmdline`, 'utf8').split('\0').slice(0, -1);
      const { uid, gid } = statSync(folder);
      const cwd = readlinkSync(`${folder}/cwd`);
      const family = [folder, ...children(pid).map((child) => `/proc/${child}`)];
      // PostgreSQL waits for its clients at SIGTERM.
      const inOrder = path.basename(program!) === 'postgres' ? 'SIGINT' : 'SIGTERM';
      process.kill(pid, how === 'crash' ? 'SIGKILL' : inOrder);
      // PostgreSQL does not start while a process of the one before is left.
      await until(() => !family.some((each) => existsSync(each)));
      next = spawn(program!, args, { cwd, uid, gid, stdio: 'ignore' });
      pid = next.pid!;
      await listening(`127.0.0.1:${port}`);
    },
    async kill() {
      if (next) await ended(next, 'SIGKILL');
      await kill();
    },
  };
}

/** The children of a process: PostgreSQL has one for each connection. */
function children(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').filter(Boolean).map(Number) : [];
}
