import type { RedisOptions as LibraryOptions } from 'ioredis';

import type { RedisConnection } from '../../../profiles/profile.js';
import type { Tunnel } from '../../network/tunnel.js';

import { readTlsFiles } from '../../network/tls-files.js';

/** The options of ioredis without `replyMapping`, which RESP2 replies do not need. */
export type RedisOptions = Omit<LibraryOptions, 'replyMapping'>;

/**
 * Options for ioredis. Nothing is retried, because a person is waiting for the answer.
 * @param timeoutMs for connecting, and for each reply
 * @throws ConfigError if the TLS files cannot be used
 */
export async function clientOptions(
  settings: RedisConnection,
  timeoutMs: number,
  tunnel?: Tunnel,
): Promise<RedisOptions> {
  const [first] = settings.nodes;
  const options: RedisOptions = {
    lazyConnect: true,
    protocol: 2,
    connectionName: 'cachectl',
    disableClientInfo: true,
    enableReadyCheck: false,
    stringNumbers: true,
    db: settings.database,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    disconnectTimeout: 100,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    reconnectOnError: null,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
  };
  if (settings.username !== undefined) options.username = settings.username;
  if (settings.password !== undefined) options.password = settings.password;
  if (settings.tls !== undefined) {
    options.tls = { ...(await readTlsFiles(settings.tls)), rejectUnauthorized: settings.tls.verify };
  }

  if (tunnel !== undefined && settings.socket === undefined) {
    const { connectorThrough } = await import('./tunnel-connector.js');
    options.Connector = connectorThrough(tunnel);
  }

  if (settings.kind === 'sentinel') return { ...options, ...sentinelOptions(settings, timeoutMs) };
  if (settings.socket !== undefined) return { ...options, path: settings.socket };
  return first === undefined ? options : { ...options, host: first.host, port: first.port };
}

function sentinelOptions(settings: RedisConnection, timeoutMs: number): RedisOptions {
  const options: RedisOptions = {
    sentinels: [...settings.nodes],
    sentinelCommandTimeout: timeoutOfOne(settings.nodes, timeoutMs),
    sentinelRetryStrategy: () => null,
  };
  if (settings.primary !== undefined) options.name = settings.primary;
  if (settings.sentinelUsername !== undefined) options.sentinelUsername = settings.sentinelUsername;
  if (settings.sentinelPassword !== undefined) options.sentinelPassword = settings.sentinelPassword;
  if (settings.tls !== undefined) options.enableTLSForSentinelMode = true;
  return options;
}

/** The timeout is split among at most this many nodes or sentinels. */
const MAX_TURNS = 3;

/**
 * The timeout for one of several servers that are tried in turn, in milliseconds. A host that is down leaves time for
 * the others.
 */
export function timeoutOfOne({ length }: readonly unknown[], timeoutMs: number): number {
  return Math.ceil(timeoutMs / Math.max(1, Math.min(length, MAX_TURNS)));
}
