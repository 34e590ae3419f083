import type { MongoServerSelectionError, TopologyDescription } from 'mongodb';

import { MongoCompatibilityError, MongoNetworkError, MongoNetworkTimeoutError, MongoServerError } from 'mongodb';

import { CachectlError, ConfigError, RefusedError, TimeoutError, UnreachableError } from '../../errors.js';
import { closedConnection, networkError, networkFault, type TlsTerms } from '../network/errors.js';

/**
 * The error if no server can be found any more: none belongs to the replica set, or all have failed. Undefined while
 * one may recover.
 */
export function permanentFailure(description: TopologyDescription, location: string): CachectlError | undefined {
  const servers = [...description.servers.values()];
  // The driver removes a server that belongs to another set or to none.
  if (servers.length === 0) return notOfSet(description, location);
  // Errors from a server, such as an unknown user, go to the caller.
  const haveAllFailed = servers.every(({ error }) => error !== null && !(error instanceof MongoServerError));
  return haveAllFailed ? failed(reasons(description), location, {}) : undefined;
}

/** Why no server was found in time. */
export function unselected(error: MongoServerSelectionError, location: string): CachectlError {
  const options = { cause: error };
  const description = error.reason as TopologyDescription | undefined;
  const servers = [...(description?.servers.values() ?? [])];
  if (description !== undefined && servers.length === 0) return notOfSet(description, location, options);
  if (servers.some(({ type }) => type !== 'Unknown')) {
    return new TimeoutError(
      `${location} has no primary`,
      'Check the replica set, and name all members in the URL. Allow more time with --timeout 30s.',
      options,
    );
  }

  return failed(reasons(description), location, options);
}

/** The errors of each server, and their causes. */
function reasons(description: TopologyDescription | undefined): unknown[] {
  return [...(description?.servers.values() ?? [])].flatMap(({ error }) => [error, error?.cause]);
}

function notOfSet({ setName }: TopologyDescription, location: string, options: ErrorOptions = {}): ConfigError {
  return new ConfigError(
    `${location} is not a member of the replica set ${setName ?? 'in the URL'}`,
    'Check replicaSet in the URL (rs.status() shows the name). Remove it for a standalone server.',
    options,
  );
}

const PORT_HINT = 'Check the port and the TLS settings.';

/** The driver's errors for an impossible length. */
export const NO_MESSAGE = /Message size cannot be negative|Invalid message size/;

/** The answer is not a message of MongoDB's protocol. */
export function notMongodb(location: string, options: ErrorOptions): UnreachableError {
  return new UnreachableError(`${location} does not speak the MongoDB protocol`, PORT_HINT, options);
}

/** Decides by error classes and codes, since messages quote hosts and names. */
function failed(errors: readonly unknown[], location: string, options: ErrorOptions): CachectlError {
  if (errors.some((error) => error instanceof MongoCompatibilityError)) {
    return new RefusedError(
      `${location} has a version that the driver does not support`,
      'cachectl needs MongoDB 4.4 or later.',
      options,
    );
  }

  if (errors.some((error) => error instanceof Error && NO_MESSAGE.test(error.message)))
    return notMongodb(location, options);
  const fault = errors.map((error) => networkFault(error, TLS_TERMS)).find((each) => each !== undefined);
  if (fault !== undefined && fault !== closedConnection) {
    return networkError(fault, location, options.cause);
  }

  if (fault === closedConnection || errors.some((error) => isClosed(error))) {
    return new UnreachableError(`${location} ${closedConnection.what}`, PORT_HINT, options);
  }

  return new TimeoutError(
    `${location} did not answer in time`,
    `${PORT_HINT} Allow more time with --timeout 30s.`,
    options,
  );
}

/** Whether the driver reports a closed connection, which has no code. */
function isClosed(error: unknown): boolean {
  return error instanceof MongoNetworkError && !(error instanceof MongoNetworkTimeoutError);
}

export const TLS_TERMS: TlsTerms = {
  turnOn: 'Add tls=true to the URL.',
  off: 'the URL without tls=true',
  ca: 'tlsCAFile in the URL',
  clientCertificate: 'tlsCertificateKeyFile in the URL',
};
