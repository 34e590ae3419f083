import { BSON, type MongoOptions } from 'mongodb';
import { resolveSrv } from 'node:dns/promises';

import type { Finding } from '../../contract/store.js';
import type { Endpoint } from '../../network/endpoint.js';
import type { Connection } from '../connection.js';
import type { MongodbContext } from '../context.js';

import { CachectlError, UnreachableError } from '../../../errors.js';
import { failed, warning } from '../../doctor/findings.js';
import { type ConnectSettings, tryServer } from '../../network/connectivity.js';
import { Deadline } from '../../network/tcp.js';
import { clientOf } from '../client.js';
import { TLS_TERMS } from '../server-selection-errors.js';
import { tlsFilesOf } from '../tls.js';
import { rights } from './rights.js';

/** Check the connection to each member of the URL, of which one has to answer, then the login and the permissions. */
export async function* checkConnection({ connection }: MongodbContext): AsyncGenerator<Finding> {
  const options = await optionsOf(connection);
  const { timeoutMs, tunnel } = connection;
  let endpoints: readonly Endpoint[];
  try {
    endpoints = await endpointsOf(options, new Deadline(timeoutMs));
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    yield failed('resolve', error);
    return;
  }

  const tls = await tlsOf(options);
  const way: ConnectSettings = { timeoutMs, greeting: GREETING, tls, tlsTerms: TLS_TERMS, tunnel };
  const arrivals = await Promise.all(endpoints.map(async (endpoint) => tryServer(endpoint, way)));
  const isThere = arrivals.some(({ answer }) => answer !== undefined);
  for (const finding of arrivals.flatMap(({ findings }) => findings)) {
    // A member that is down is no fault while another answers.
    yield !isThere || finding.state !== 'fault'
      ? finding
      : warning(finding.subject, finding.message, `Another member answers. ${finding.hint ?? ''}`.trim());
  }

  if (!isThere) return;
  try {
    await connection.run(async ({ command }) => command('server', { ping: 1 }));
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    yield failed('login', error);
    return;
  }

  yield* rights(connection);
}

/** The options as the official driver parses them, since a URL can spell the same option in several ways. */
async function optionsOf(connection: Connection): Promise<MongoOptions> {
  const client = clientOf(connection.profile, connection);
  const { options } = client;
  await client.close();
  return options;
}

async function endpointsOf({ hosts, srvHost, srvServiceName }: MongoOptions, deadline: Deadline): Promise<Endpoint[]> {
  if (srvHost === undefined) {
    return hosts.map(({ socketPath, host, port }) =>
      socketPath === undefined ? { host: host!, port: port! } : { socket: socketPath },
    );
  }

  const name = `_${srvServiceName ?? 'mongodb'}._tcp.${srvHost}`;
  const hint = 'Check the host. mongodb+srv needs SRV records for it, mongodb does not.';
  const lookup = resolveSrv(name);
  lookup.catch(() => {
    // It may fail after the deadline.
  });
  try {
    const records = await deadline.bound(
      lookup,
      () => new UnreachableError(`no DNS server resolved ${name} in time`, hint),
    );
    return records.map((record) => ({ host: record.name, port: record.port }));
  } catch (error) {
    if (error instanceof CachectlError) throw error;
    throw new UnreachableError(`no SRV records for ${name}`, hint, { cause: error });
  }
}

/** @throws ConfigError for a file that cannot be used */
async function tlsOf(options: MongoOptions): Promise<ConnectSettings['tls']> {
  if (!options.tls) return undefined;
  const { checkServerIdentity, rejectUnauthorized } = options as MongoOptions & {
    readonly checkServerIdentity?: unknown;
  };
  const verify = rejectUnauthorized !== false;
  return { options: await tlsFilesOf(options), verify, verifyHost: verify && checkServerIdentity === undefined };
}

/** The opcode of messages in MongoDB's wire protocol. */
const OP_MSG = 2013;

const GREETING = {
  product: 'MongoDB',
  hello: message({ hello: 1, $db: 'admin' }),
  isAnswer: (text: string) => text.length >= 16 && Buffer.from(text, 'latin1').readInt32LE(12) === OP_MSG,
};

/** An OP_MSG: four numbers (length, requestID, responseTo, opCode), the flags, and a section of kind 0 (a document). */
function message(document: BSON.Document): Buffer {
  const body = BSON.serialize(document);
  const head = Buffer.alloc(21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(1, 4);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, body]);
}
