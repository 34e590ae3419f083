import type { Context } from 'mocha';

import { MongoClient } from 'mongodb';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { MongodbProfile } from '../../src/profiles/profile.js';

import { halt } from './halt.js';
import { freePort } from './redis-server.js';
import { lacking, programPath } from './requirements.js';

/** A server that speaks MongoDB's protocol. */
export interface MongodbServer {
  /** `FerretDB`, for titles and known limits. */
  readonly name: string;
  readonly port: number;
  /** Without a database. */
  readonly url: string;
  /** For preparing and checking; closed with the server. */
  readonly client: MongoClient;
  /** Like a crash. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** A server that was started for one test. */
export interface OwnMongodb extends MongodbServer {
  /** Suspend the server: it keeps its connections and answers nothing until `resume`. */
  pause(): Promise<void>;
  resume(): void;
}

/** A substitute for MongoDB; see scripts/test-mongodb.sh. */
export type StandIn = 'ferretdb' | 'java';

/**
 * Start or use, in this order: CACHECTL_TEST_MONGODB_URL, a `mongod` on PATH (a replica set of one), or the
 * substitute. Without any of them, the tests of `context` are skipped with a notice, or fail under CI.
 */
export async function startMongodb(context: Context, standIn: StandIn): Promise<MongodbServer> {
  const given = process.env.CACHECTL_TEST_MONGODB_URL;
  return given ? connected('the server given', given, async () => {}) : startOwnMongodb(context, standIn);
}

/** The same for tests that disturb the server: never CACHECTL_TEST_MONGODB_URL. */
export async function startOwnMongodb(context: Context, standIn: StandIn): Promise<OwnMongodb> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-mongodb-'));
  const port = await freePort();
  const { name, command, isReplicaSet } = program(context, standIn, port, folder);
  const [file, ...args] = command;
  const child = spawn(file!, args, { stdio: 'ignore' });
  const url = `mongodb://127.0.0.1:${port}`;
  if (isReplicaSet) await initiate(url);
  const server = await connected(name, url, async (signal) => {
    await ended(child, signal);
    rmSync(folder, { force: true, recursive: true });
  });
  return {
    ...server,
    async pause() {
      await halt(child.pid!);
    },
    resume() {
      child.kill('SIGCONT');
    },
  };
}

/** Whether MongoDB itself is available. */
export function hasMongodb(): boolean {
  return Boolean(process.env.CACHECTL_TEST_MONGODB_URL) || programPath('mongod') !== undefined;
}

/** A profile with a new database. */
export function mongodbProfile(
  { url }: MongodbServer,
  prefix: string,
  more: Partial<MongodbProfile> = {},
): MongodbProfile {
  return {
    driver: 'mongodb',
    name: 'test',
    prefix,
    codec: 'php',
    protected: false,
    url,
    database: 'cachectl-test',
    collection: 'cache',
    lockCollection: 'cache_locks',
    ...more,
  };
}

interface Program {
  readonly name: string;
  readonly command: readonly string[];
  readonly isReplicaSet: boolean;
}

function program(context: Context, standIn: StandIn, port: number, folder: string): Program {
  const mongod = programPath('mongod');
  if (mongod !== undefined) {
    const args = ['--replSet', 'rs0', '--bind_ip', '127.0.0.1', '--port', String(port), '--dbpath', folder];
    return { name: 'MongoDB', command: [mongod, ...args], isReplicaSet: true };
  }

  const found = standIn === 'ferretdb' ? ferretdb(port, folder) : mongoJavaServer(port);
  return found ?? lacking(context, `there is neither a mongod nor ${standIn} (sh scripts/test-mongodb.sh brings it)`);
}

const CACHE = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'cachectl-test');

function ferretdb(port: number, folder: string): Program | undefined {
  const file = path.join(CACHE, 'ferretdb-v1.24.2');
  if (!existsSync(file)) return undefined;
  const place = [`--sqlite-url=file:${folder}/`, `--state-dir=${folder}`, `--listen-addr=127.0.0.1:${port}`];
  const command = [file, '--handler=sqlite', '--telemetry=disable', '--debug-addr=-', ...place];
  return { name: 'FerretDB', command, isReplicaSet: false };
}

function mongoJavaServer(port: number): Program | undefined {
  const jars = path.join(CACHE, 'mongo-java-server-1.47.0');
  const java = programPath('java');
  if (java === undefined || !existsSync(jars)) return undefined;
  // It lives for seconds, so skip the optimisations for long-lived processes.
  const forShort = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
  const command = [java, ...forShort, '-cp', `${jars}/*:${jars}`, 'MongoJavaServer', String(port)];
  return { name: 'mongo-java-server', command, isReplicaSet: false };
}

async function connected(
  name: string,
  url: string,
  end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>,
): Promise<MongodbServer> {
  const client = await answering(url);
  const over = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    await client.close();
    await end(signal);
  };

  return {
    name,
    port: Number(/:(\d+)/.exec(url)?.[1] ?? 27_017),
    url,
    client,
    kill: async () => over('SIGKILL'),
    stop: async () => over('SIGTERM'),
  };
}

/** Poll until it answers. Otherwise the hook times out. */
async function answering(url: string): Promise<MongoClient> {
  for (;;) {
    const client = new MongoClient(url, { serverSelectionTimeoutMS: 500 });
    try {
      await client.connect();
      await client.db('cachectl-test').command({ ping: 1 });
      return client;
    } catch {
      // Not up yet.
      await client.close();
      await sleep(50);
    }
  }
}

async function initiate(url: string): Promise<void> {
  const client = await answering(`${url}/?directConnection=true`);
  await client.db('admin').command({ replSetInitiate: {} });
  await client.close();
}

async function ended(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  // A suspended process takes no other signal.
  child.kill('SIGCONT');
  await exit;
}
