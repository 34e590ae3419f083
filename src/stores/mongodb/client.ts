import type { TopologyDescription } from 'mongodb';

import { MongoClient } from 'mongodb';

import type { MongodbProfile } from '../../profiles/profile.js';

import { deferred } from '../../async.js';
import { ConfigError } from '../../errors.js';
import { firstLineOf } from './first-line.js';
import { guardFrames } from './frame-guard.js';
import { permanentFailure } from './server-selection-errors.js';

/** Maximum number of parallel requests: enough to hide the latency. */
const SOCKETS = 8;

/**
 * Create a client of the deployment, not yet connected.
 * @param proxyPort of a SOCKS proxy on this machine
 * @throws ConfigError if the official driver refuses the connection string
 */
export function clientOf(
  profile: MongodbProfile,
  { timeoutMs, location }: { readonly timeoutMs: number; readonly location: string },
  proxyPort?: number,
): MongoClient {
  try {
    return new MongoClient(profile.url, {
      appName: 'cachectl',
      maxPoolSize: SOCKETS,
      serverSelectionTimeoutMS: timeoutMs,
      connectTimeoutMS: timeoutMs,
      socketTimeoutMS: timeoutMs,
      // Report errors instead of retrying. Write retries are up to the URL: a server recognizes a retried write.
      retryReads: false,
      ...(proxyPort !== undefined && { proxyHost: '127.0.0.1', proxyPort }),
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ConfigError(
      `${location} cannot be used: ${firstLineOf(error)}`,
      'Check the connection string and its options.',
      { cause: error },
    );
  }
}

/**
 * Connect. The official driver retries every error until its timeout. This fails as soon as every server has failed
 * and none can recover.
 */
export async function connect(client: MongoClient, location: string): Promise<void> {
  if (client.options.tls) await (await import('./tls.js')).tlsFilesOf(client.options);
  const { promise: lost, reject } = deferred<never>();
  const onChange = ({ newDescription }: { readonly newDescription: TopologyDescription }): void => {
    const error = permanentFailure(newDescription, location);
    if (error !== undefined) reject(error);
  };

  client.on('topologyDescriptionChanged', onChange);
  const unguard = guardFrames(client);
  client.once('topologyClosed', unguard);
  try {
    await Promise.race([client.connect(), lost]);
  } finally {
    client.off('topologyDescriptionChanged', onChange);
  }
}
