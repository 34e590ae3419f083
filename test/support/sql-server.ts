import { type ChildProcess, spawn, type SpawnOptions, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { SqlConnection, SqlProfile } from '../../src/profiles/profile.js';

/** Options of a server, some of which name files that its user must be able to read. */
export type ServerOptions = readonly string[] | ((readable: (file: string) => string) => readonly string[]);

export function optionsFor(user: ServerUser, options: ServerOptions = []): readonly string[] {
  return typeof options === 'function' ? options((file) => user.copy(file)) : options;
}

/** An SQL server for tests, with an empty database. */
export interface SqlServer {
  readonly connection: SqlConnection;
  /** Without a query. */
  readonly url: string;
  /** Of a server that was started. */
  readonly pid?: number | undefined;
  /** Like a crash; only of a server that was started. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export function sqlProfile(
  driver: SqlProfile['driver'],
  { connection }: Pick<SqlServer, 'connection'>,
  prefix: string,
): SqlProfile {
  return {
    driver,
    name: 'test',
    prefix,
    codec: 'php',
    protected: false,
    connection,
    table: 'cache',
    lockTable: 'cache_locks',
  };
}

/** Servers refuse to run as root: as which user they run, and a folder of that user. */
export class ServerUser {
  readonly folder: string;
  readonly #ids: Pick<SpawnOptions, 'gid' | 'uid'>;

  constructor(name: string) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'cachectl-sql-'));
    this.#ids = process.getuid?.() === 0 ? idsOf(name) : {};
    const { uid, gid } = this.#ids;
    if (uid !== undefined && gid !== undefined) chownSync(this.folder, uid, gid);
  }

  /** A copy of a file that this user can read, and nobody else. */
  copy(file: string): string {
    const copy = path.join(this.folder, path.basename(file));
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    const { uid, gid } = this.#ids;
    if (uid !== undefined && gid !== undefined) chownSync(copy, uid, gid);
    return copy;
  }

  /** @throws what the program wrote to standard error */
  run(program: string, options: readonly string[]): void {
    const { status, stderr, error } = spawnSync(program, options, { ...this.#ids, cwd: this.folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
  }

  start(program: string, options: readonly string[]): ChildProcess {
    return spawn(program, options, { ...this.#ids, cwd: this.folder, stdio: 'ignore' });
  }

  async end(server: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (server.exitCode === null && server.signalCode === null) {
      const exit = once(server, 'exit');
      server.kill(signal);
      await exit;
    }

    rmSync(this.folder, { force: true, recursive: true });
  }
}

/** The user, or nobody. */
function idsOf(name: string): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const user = users.find((fields) => fields[0] === name) ?? users.find((fields) => fields[0] === 'nobody') ?? [];
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

/** The connection that a URL names, with another database. */
export function connectionOf(url: string, port: number, database: string): SqlConnection {
  const { hostname, port: given, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(given || port),
    database,
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  };
}

export function urlOf(scheme: string, { host, port, database, username, password }: SqlConnection): string {
  const [name, word] = [username, password].map((part) => part && encodeURIComponent(part));
  const user = name === undefined ? '' : `${name}${word === undefined ? '' : `:${word}`}@`;
  return `${scheme}://${user}${host}:${port}/${database}`;
}
