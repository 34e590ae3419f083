import type { Context } from 'mocha';

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Certificates } from './certificates.js';
import { ended, type MemcachedServer, spawnMemcached, startMemcached, until } from './memcached-server.js';
import { requirePhp } from './php-requirements.js';
import { freePort } from './redis-server.js';
import { lacking, programPath } from './requirements.js';

/** A Memcached deployment and its URL. */
export interface Deployment {
  /** `memcached://…`; parameters may be appended. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Start separate servers, in the application's order. */
export async function startPool(context: Context, size: number): Promise<readonly MemcachedServer[]> {
  const servers: MemcachedServer[] = [];
  // An option makes each a separate server.
  while (servers.length < size) servers.push(await startMemcached(context, '-m', '64'));
  return servers;
}

/** Start `memcached -s`: a Unix socket and no port. */
export async function startOnSocket(context: Context): Promise<Deployment & { readonly socket: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-socket-'));
  const socket = path.join(folder, 'memcached.sock');
  const { child } = await spawnMemcached(context, ['-s', socket]);
  while (!existsSync(socket)) await sleep(10);
  return {
    socket,
    url: `memcached://${socket}`,
    async stop() {
      await ended(child, 'SIGTERM');
      rmSync(folder, { force: true, recursive: true });
    },
  };
}

/** Start `memcached -Y`: text authentication of a user `app` with the password `secret`. */
export async function startWithTextLogin(context: Context): Promise<Deployment & { readonly address: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-auth-'));
  const file = path.join(folder, 'users');
  writeFileSync(file, 'app:secret\n');
  const { port, child } = await spawnMemcached(context, ['-Y', file]);
  await until(`127.0.0.1:${port}`);
  return {
    address: `127.0.0.1:${port}`,
    url: `memcached://app:secret@127.0.0.1:${port}?protocol=text`,
    async stop() {
      await ended(child, 'SIGTERM');
      rmSync(folder, { force: true, recursive: true });
    },
  };
}

/** Start `memcached -Z` with a certificate for `localhost` that is its own CA: the file `ca`. */
export async function startWithTls(
  context: Context,
): Promise<Deployment & { readonly ca: string; readonly place: string }> {
  const help = spawnSync(programPath('memcached') ?? 'memcached', ['-h'], { encoding: 'utf8' }).stdout ?? '';
  if (!help.includes('--enable-ssl')) lacking(context, 'memcached was built without TLS');
  const certificates = new Certificates(context);
  const { cert, key } = certificates.selfSigned('localhost', 'localhost');
  const options = ['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`];
  const { port, child } = await spawnMemcached(context, options);
  await until(`127.0.0.1:${port}`);
  return {
    ca: cert,
    place: `localhost:${port}`,
    url: `memcacheds://localhost:${port}?ca=${encodeURIComponent(cert)}`,
    async stop() {
      await ended(child, 'SIGTERM');
      certificates.remove();
    },
  };
}

/** Start twemproxy (Debian's `nutcracker`) in front of Memcached servers. */
export async function startTwemproxy(context: Context, servers: readonly MemcachedServer[]): Promise<Deployment> {
  const program = programPath('nutcracker') ?? '/usr/sbin/nutcracker';
  if (!existsSync(program)) lacking(context, 'twemproxy (nutcracker) is not installed');
  const folder = mkdtempSync(path.join(tmpdir(), 'cachectl-proxy-'));
  const [port, statistics] = [await freePort(), await freePort()];
  const file = path.join(folder, 'nutcracker.yml');
  writeFileSync(
    file,
    [
      'pool:',
      `  listen: 127.0.0.1:${port}`,
      '  hash: fnv1a_64',
      '  distribution: ketama',
      '  servers:',
      ...servers.map(({ address }) => `   - ${address}:1`),
      '',
    ].join('\n'),
  );
  const files = ['-c', file, '-p', path.join(folder, 'pid'), '-o', path.join(folder, 'log')];
  const child = spawn(program, [...files, '-a', '127.0.0.1', '-s', String(statistics)], { stdio: 'ignore' });
  await until(`127.0.0.1:${port}`);
  return {
    url: `memcached://127.0.0.1:${port}`,
    async stop() {
      await ended(child, 'SIGTERM');
      rmSync(folder, { force: true, recursive: true });
    },
  };
}

/** php-memcached, the reference for what an application reads and writes. */
export class PhpMemcached {
  readonly #php: string;

  constructor(context: Context) {
    this.#php = requirePhp(context, 'memcached');
  }

  /**
   * Run PHP with `$m`, configured as in Laravel: options first, then the servers.
   * @param options by their names in `Memcached::`
   * @returns what it prints
   */
  run(
    servers: ReadonlyArray<readonly [host: string, port: number, weight: number]>,
    options: Readonly<Record<string, boolean | number | string>>,
    code: string,
  ): string {
    const script = `[$servers, $options] = json_decode($argv[1], true);
      $m = new Memcached;
      foreach ($options as $name => $value) {
        if (is_string($value) && defined("Memcached::$value")) $value = constant("Memcached::$value");
        $m->setOption(constant("Memcached::$name"), $value);
      }
      foreach ($servers as [$host, $port, $weight]) $m->addServer($host, $port, $weight);
      ${code}`;
    const { stdout, stderr, status } = spawnSync(this.#php, ['-r', script, JSON.stringify([servers, options])], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`php failed: ${stdout}${stderr}`);
    return stdout;
  }
}
