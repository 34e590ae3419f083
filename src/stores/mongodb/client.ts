import type { TopologyDescription } from 'mongodb';

import { MongoClient } from 'mongodb';

import type { MongodbProfile } from '../../profiles/profile.js';

import { ConfigError } from '../../errors.js';
import { words } from './first-line.js';
import { guardFrames } from './frame-guard.js';
import { hopeless } from './server-selection-errors.js';

/** Several requests go at once: enough to hide the way there and back. */
const SOCKETS = 8;

/**
 * A client of the deployment, not connected yet.
 * @throws ConfigError when the official driver does not take the connection string
 */
export function clientOf(profile: MongodbProfile, timeoutMs: number, location: string): MongoClient {
  try {
    return new MongoClient(profile.url, {
      appName: 'cachectl',
      maxPoolSize: SOCKETS,
      serverSelectionTimeoutMS: timeoutMs,
      connectTimeoutMS: timeoutMs,
      socketTimeoutMS: timeoutMs,
      // Whoever waits wants to know. Writes are the URL's to say: a server knows a write that is sent again.
      retryReads: false,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ConfigError(
      `${location} cannot be used: ${words(error)}`,
      'Check the connection string and its options.',
      { cause: error },
    );
  }
}

/**
 * Connects. The driver tries until its time is over, whatever it hears; this ends as soon as every server has answered, and
 * none in a way that lets hope.
 */
export async function connect(client: MongoClient, location: string): Promise<void> {
  const { promise: lost, reject } = deferred();
  const heard = ({ newDescription }: { readonly newDescription: TopologyDescription }): void => {
    const error = hopeless(newDescription, location);
    if (error !== undefined) reject(error);
  };

  client.on('topologyDescriptionChanged', heard);
  const unguard = guardFrames(client);
  client.once('topologyClosed', unguard);
  try {
    await Promise.race([client.connect(), lost]);
  } finally {
    client.off('topologyDescriptionChanged', heard);
  }
}

function deferred(): { readonly promise: Promise<never>; reject(error: Error): void } {
  let reject!: (error: Error) => void;
  const promise = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  return { promise, reject };
}
