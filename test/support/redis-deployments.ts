import type { Context } from 'mocha';

import { readFileSync } from 'node:fs';

import type { CertificateFiles } from './certificates.js';

import { type RedisCluster, startCluster } from './redis-cluster.js';
import { freePort, type RedisServer, type ServerProgram, startServer } from './redis-server.js';

/** Common deployments of Redis, on free ports. The caller stops them. */

/**
 * Start a single server that serves every slot. Until it meets another node it does not know its own address, and
 * announces none.
 */
export async function startOneNodeCluster(
  context: Context,
  options: readonly string[] = [],
  program: ServerProgram = 'redis-server',
): Promise<RedisServer> {
  const { nodes } = await startCluster(async (own) => startServer(context, program, [...own, ...options]), 1);
  return nodes[0]!;
}

/** Start three primaries that announce ports without hosts, as behind a load balancer. */
export async function startHostlessCluster(
  context: Context,
  program: ServerProgram = 'redis-server',
): Promise<RedisCluster> {
  const hostless = ['--cluster-preferred-endpoint-type', 'unknown-endpoint'];
  return startCluster(async (own) => startServer(context, program, [...own, ...hostless]));
}

/**
 * Start three primaries with TLS only. Their certificate names `localhost` and no address, so they announce that
 * name.
 */
export async function startTlsCluster(context: Context, files: CertificateFiles): Promise<RedisCluster> {
  const named = ['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'];
  return startCluster(async (own) => startTlsServer(context, files, [...own, ...named, '--tls-cluster', 'yes']));
}

/** Start a server with TLS only. Its certificate must name `localhost` and be its own CA. */
export async function startTlsServer(
  context: Context,
  files: CertificateFiles,
  options: readonly string[] = [],
): Promise<RedisServer> {
  const tls = ['--port', '0', '--tls-port', String(await freePort()), '--tls-auth-clients', 'no'];
  const pem = ['--tls-cert-file', files.cert, '--tls-key-file', files.key, '--tls-ca-cert-file', files.cert];
  const reach = { host: 'localhost', tls: { ca: readFileSync(files.cert) } };
  return startServer(context, 'redis-server', [...tls, ...pem, ...options], reach);
}

/** Options of a server that lacks these commands, as if a provider had renamed them. */
export function without(...commands: readonly string[]): readonly string[] {
  return commands.flatMap((command) => ['--rename-command', command, '']);
}

/**
 * Create a user with the password `pw` and these rights (`+@all`, `-@dangerous`, `~app:*`), and return its URL. It
 * has no other rights.
 */
export async function withUser({ client, url }: RedisServer, name: string, ...rights: string[]): Promise<string> {
  await client.call('ACL', ['SETUSER', name, 'reset', 'on', '>pw', ...rights]);
  return url.replace('//', `//${encodeURIComponent(name)}:pw@`);
}
