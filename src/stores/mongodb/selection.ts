import type { MongoServerSelectionError, TopologyDescription } from 'mongodb';

import { MongoServerError } from 'mongodb';

import { CachectlError, ConfigError, RefusedError, TimeoutError, UnreachableError } from '../../errors.js';

/**
 * Why no server will ever be found, as soon as it is certain: none is of the replica set, or each has failed. Undefined as
 * long as there is hope.
 */
export function hopeless(description: TopologyDescription, location: string): CachectlError | undefined {
  const servers = [...description.servers.values()];
  // A server that says that it is of another set, or of none, is struck off.
  if (servers.length === 0) return notOfSet(description, location);
  // What a server answers (that it knows no such user, say) comes to whoever asked.
  const isOver = servers.every(({ error }) => error !== null && !(error instanceof MongoServerError));
  return isOver ? failed(reasons(description), location, {}) : undefined;
}

/** Why no server was found in time. */
export function unselected(error: MongoServerSelectionError, location: string): CachectlError {
  const options = { cause: error };
  const description = error.reason as TopologyDescription | undefined;
  const servers = [...(description?.servers.values() ?? [])];
  if (description !== undefined && servers.length === 0) return notOfSet(description, location, options);
  if (servers.some(({ type }) => type !== 'Unknown')) {
    return new TimeoutError(
      `${location} had no primary in time`,
      'Is there one, and are all members named in the URL? Give it longer with --timeout 30s.',
      options,
    );
  }

  return failed([error.message, ...reasons(description)], location, options);
}

function reasons(description: TopologyDescription | undefined): string[] {
  return [...(description?.servers.values() ?? [])].map(({ error }) =>
    [error?.message, error?.cause instanceof Error ? error.cause.message : ''].join(' '),
  );
}

function notOfSet({ setName }: TopologyDescription, location: string, options: ErrorOptions = {}): ConfigError {
  return new ConfigError(
    `${location} is not of the replica set ${setName ?? 'that is asked for'}`,
    'Check replicaSet in the URL; rs.status() tells the name. Leave it out for a server that stands alone.',
    options,
  );
}

/** What the driver says of a length that no message has. */
export const NO_MESSAGE = /Message size cannot be negative|Invalid message size/;

/** What came is no message of MongoDB's protocol. */
export function notMongodb(location: string, options: ErrorOptions): UnreachableError {
  return new UnreachableError(
    `${location} does not answer as MongoDB does`,
    'Is that the port of MongoDB, and is TLS as it should be?',
    options,
  );
}

/** By what the driver and the system say of each server. */
function failed(texts: readonly string[], location: string, options: ErrorOptions): CachectlError {
  const text = texts.join(' ');
  if (/wire version/.test(text)) {
    return new RefusedError(
      `${location} has a version that the driver does not talk to`,
      'MongoDB 4.4 or later is needed.',
      options,
    );
  }

  if (NO_MESSAGE.test(text)) return notMongodb(location, options);
  if (/ECONNREFUSED/.test(text)) {
    return new UnreachableError(
      `${location} refuses connections`,
      'Is the server running, and is the port right?',
      options,
    );
  }

  if (/ENOTFOUND|EAI_AGAIN/.test(text)) {
    return new UnreachableError(
      `${location} is not known by that name`,
      'Check the host in the profile or URL.',
      options,
    );
  }

  if (/EHOSTUNREACH|ENETUNREACH/.test(text)) {
    return new UnreachableError(`${location} cannot be reached from here`, 'Check the host and the network.', options);
  }

  if (/certificate|self.signed|SSL|TLS|altnames/i.test(text)) {
    return new UnreachableError(
      `${location} and we do not agree on TLS`,
      'Check tls and tlsCAFile in the URL, and whose certificate the server has.',
      options,
    );
  }

  if (/ECONNRESET|EPIPE|closed|socket/i.test(text)) {
    return new UnreachableError(
      `${location} closed the connection`,
      'Is that the port of MongoDB, and is TLS as it should be?',
      options,
    );
  }

  return new TimeoutError(
    `${location} did not answer in time`,
    'Is that the port of MongoDB, and is TLS as it should be? Give it longer with --timeout 30s.',
    options,
  );
}
