import type { RedisOptions as LibraryOptions } from 'ioredis';

import type { RedisConnection } from '../../../profiles/profile.js';

import { readTlsFiles } from '../../network/tls-files.js';

/** Options of ioredis that apply to us: RESP2 replies need no mapping. */
export type RedisOptions = Omit<LibraryOptions, 'replyMapping'>;

/**
 * Options for ioredis. Nothing is retried: a person is waiting for the answer.
 * @param timeoutMs for the connection to open, and for each answer
 * @throws ConfigError if the TLS files cannot be used
 */
export async function clientOptions(settings: RedisConnection, timeoutMs: number): Promise<RedisOptions> {
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

/** Nodes or sentinels that each get their share of the time; of a longer list only the first so many do. */
const MOST_TURNS = 3;

/**
 * How long one of several servers that are tried in turn may take to answer, in milliseconds, so that a host that is down
 * does not use up the time of the others.
 */
export function timeoutOfOne({ length }: readonly unknown[], timeoutMs: number): number {
  return Math.ceil(timeoutMs / Math.max(1, Math.min(length, MOST_TURNS)));
}
