import type { Context } from 'mocha';

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import type { SqlConnection } from '../../src/profiles/profile.js';

import { type PhpPart, requirePhp } from './php-requirements.js';

const SCRIPT = fileURLToPath(new URL('../interop/php/peer.php', import.meta.url));

/**
 * A store of Laravel, as an application configures it. Laravel 8 appends a colon to `prefix`, except for `database`.
 */
export type PhpCacheSettings =
  | { readonly store: 'array' }
  | { readonly store: 'database'; readonly path: string; readonly prefix: string }
  | { readonly store: 'database'; readonly server: PhpDatabase; readonly prefix: string }
  | { readonly store: 'file'; readonly path: string }
  | {
      readonly store: 'memcached';
      readonly servers: ReadonlyArray<{ readonly host: string; readonly port: number; readonly weight: number }>;
      readonly prefix: string;
      /** Options of the class Memcached, without `OPT_`. A value may name another constant. */
      readonly options?: Readonly<Record<string, boolean | number | string>>;
      /** For SASL. */
      readonly credentials?: readonly [username: string, password: string];
    }
  | {
      readonly store: 'redis';
      readonly port: number;
      /** Ports of a cluster's nodes. */
      readonly nodes?: readonly number[];
      readonly database?: number;
      readonly lockDatabase?: number;
      readonly connectionPrefix?: string;
      readonly prefix: string;
      /** phpredis's options. */
      readonly serializer?: string;
      readonly compression?: string;
    };

/** A connection of `config/database.php`. */
interface PhpDatabase extends SqlConnection {
  readonly driver: 'mysql' | 'pgsql';
}

/** A long-lived PHP process with Laravel's cache. */
export interface PhpPeer {
  cache(settings: PhpCacheSettings): PhpCache;
  /** The value of a PHP expression, serialized. */
  evaluate(expression: string): Promise<Buffer>;
  /** Fails if PHP printed anything beside its answers. */
  stop(): Promise<void>;
}

/** Laravel's repository. Values are serialized, `N;` for a miss. TTLs are in seconds, null for never. */
export interface PhpCache {
  get(key: string): Promise<Buffer>;
  many(keys: readonly string[]): Promise<Buffer[]>;
  pull(key: string): Promise<Buffer>;
  put(key: string, value: Buffer, ttl: null | number): Promise<boolean>;
  putMany(entries: ReadonlyArray<readonly [key: string, value: Buffer]>, ttl: null | number): Promise<boolean>;
  add(key: string, value: Buffer, ttl: number): Promise<boolean>;
  /** Laravel's return value; false if it refuses. */
  increment(key: string, by?: number): Promise<false | number>;
  decrement(key: string, by?: number): Promise<false | number>;
  forget(key: string): Promise<boolean>;
  /** With tags: all entries that have one of them. Otherwise everything. */
  flush(): Promise<boolean>;
  tags(names: readonly string[]): PhpCache;
  /** 0 seconds: never expires. Without an owner, Laravel makes one up. */
  acquire(name: string, seconds: number, owner?: string): Promise<{ acquired: boolean; owner: string }>;
  /** Poll like Laravel, for `wait` seconds. */
  block(name: string, seconds: number, owner: string, wait: number): Promise<boolean>;
  release(name: string, owner: string): Promise<boolean>;
  forceRelease(name: string): Promise<void>;
  /** The stored owner; null if the lock is free. */
  owner(name: string): Promise<null | string>;
}

/**
 * Start PHP with Laravel's cache. If it is missing, the tests of `context` are skipped with a notice, or fail under
 * CI.
 */
export function startPhpPeer(context: Context, ...parts: PhpPart[]): PhpPeer {
  const process = new PeerProcess(requirePhp(context, ...parts));
  return {
    cache: (settings) => new RemoteCache(process, settings, []),
    evaluate: async (expression) => process.value({ call: 'evaluate', with: [expression] }),
    stop: async () => process.stop(),
  };
}

interface Answer {
  readonly error?: string;
  readonly plain?: unknown;
  readonly value?: string;
}

class PeerProcess {
  readonly #child: ReturnType<typeof spawnPhp>;
  readonly #said: Promise<string>;
  readonly #answers: AsyncIterator<string>;
  /** Answers come in the order of requests. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(php: string) {
    this.#child = spawnPhp(php);
    this.#said = text(this.#child.stderr);
    this.#answers = createInterface({ input: this.#child.stdout, crlfDelay: Infinity })[Symbol.asyncIterator]();
    this.#child.stdin.on('error', () => {
      // The process has ended, so the next answer is missing.
    });
  }

  async plain(request: object): Promise<unknown> {
    return (await this.#ask(request)).plain;
  }

  async value(request: object): Promise<Buffer> {
    return Buffer.from((await this.#ask(request)).value!, 'base64');
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    const exit = exitCode === null && signalCode === null ? once(this.#child, 'exit') : undefined;
    this.#child.stdin.end();
    await exit;
    const said = await this.#said;
    if (said !== '') throw new Error(`php said: ${said}`);
  }

  async #ask(request: object): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = this.#last.then(async () => this.#answers.next());
    this.#last = line;
    const { done, value } = await line;
    if (done) throw new Error(`php ended: ${await this.#said}`);
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}

function spawnPhp(php: string) {
  return spawn(php, ['-d', 'memory_limit=512M', SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] });
}

class RemoteCache implements PhpCache {
  readonly #process: PeerProcess;
  readonly #settings: PhpCacheSettings;
  readonly #tags: readonly string[];

  constructor(process: PeerProcess, settings: PhpCacheSettings, tags: readonly string[]) {
    this.#process = process;
    this.#settings = settings;
    this.#tags = tags;
  }

  async get(key: string): Promise<Buffer> {
    return this.#process.value(this.#request('get', key));
  }

  async many(keys: readonly string[]): Promise<Buffer[]> {
    const values = await this.#plain<string[]>('many', keys);
    return values.map((value) => Buffer.from(value, 'base64'));
  }

  async pull(key: string): Promise<Buffer> {
    return this.#process.value(this.#request('pull', key));
  }

  async put(key: string, value: Buffer, ttl: null | number): Promise<boolean> {
    return this.#plain('put', key, value.toString('base64'), ttl);
  }

  async putMany(entries: ReadonlyArray<readonly [string, Buffer]>, ttl: null | number): Promise<boolean> {
    const values = entries.map(([key, value]) => [key, value.toString('base64')] as const);
    return this.#plain('putMany', Object.fromEntries(values), ttl);
  }

  async add(key: string, value: Buffer, ttl: number): Promise<boolean> {
    return this.#plain('add', key, value.toString('base64'), ttl);
  }

  async increment(key: string, by = 1): Promise<false | number> {
    return this.#plain('increment', key, by);
  }

  async decrement(key: string, by = 1): Promise<false | number> {
    return this.#plain('decrement', key, by);
  }

  async forget(key: string): Promise<boolean> {
    return this.#plain('forget', key);
  }

  async flush(): Promise<boolean> {
    return this.#plain('flush');
  }

  tags(names: readonly string[]): PhpCache {
    return new RemoteCache(this.#process, this.#settings, names);
  }

  async acquire(name: string, seconds: number, owner?: string): Promise<{ acquired: boolean; owner: string }> {
    return this.#plain('acquire', name, seconds, owner ?? null);
  }

  async block(name: string, seconds: number, owner: string, wait: number): Promise<boolean> {
    return this.#plain('block', name, seconds, owner, wait);
  }

  async release(name: string, owner: string): Promise<boolean> {
    return this.#plain('release', name, owner);
  }

  async forceRelease(name: string): Promise<void> {
    return this.#plain('forceRelease', name);
  }

  async owner(name: string): Promise<null | string> {
    return this.#plain('owner', name);
  }

  /** Types follow Laravel's documentation; tests show deviations. */
  async #plain<T>(call: string, ...args: readonly unknown[]): Promise<T> {
    return (await this.#process.plain(this.#request(call, ...args))) as T;
  }

  #request(call: string, ...args: readonly unknown[]): object {
    return { cache: this.#settings, tags: this.#tags, call, with: args };
  }
}
