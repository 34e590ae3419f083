import type { RedisConnection } from '../../../profiles/profile.js';
import type { Finding } from '../../contract/store.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { CachectlError, ConfigError, RefusedError, UnreachableError } from '../../../errors.js';
import { counted, failed, ok, warning } from '../../doctor/findings.js';
import { type ConnectSettings, type ServerAttempt, tryServer } from '../../network/connectivity.js';
import { type Endpoint, endpointText } from '../../network/endpoint.js';
import { readTlsFiles } from '../../network/tls-files.js';
import { isUnavailable, refused, TLS_TERMS } from '../errors.js';
import { rights } from './rights.js';

/** Check that the server, or at least one node or sentinel, answers; then the login and the permissions. */
export async function* checkConnection(context: RedisContext): AsyncGenerator<Finding> {
  const { connection, lockConnection } = context;
  if (yield* ends(reachOne(connection))) return;
  if (lockConnection !== connection && (yield* ends(ofLocks(reachOne(lockConnection, connection))))) return;
  yield* rights(context, await userOf(connection));
}

/** Pass findings on. Returns whether one was a fault. */
async function* ends(findings: AsyncIterable<Finding>): AsyncGenerator<Finding, boolean> {
  let isFaulty = false;
  for await (const finding of findings) {
    isFaulty ||= finding.state === 'fault';
    yield finding;
  }

  return isFaulty;
}

async function* ofLocks(findings: AsyncIterable<Finding>): AsyncGenerator<Finding> {
  for await (const finding of findings) yield { ...finding, subject: `${finding.subject} (locks)` };
}

/** @param known a connection that was already checked; its servers are not checked again */
async function* reachOne(connection: Connection, known?: Connection): AsyncGenerator<Finding> {
  const { settings } = connection;
  const answers: string[] = [];
  if (known === undefined || placeOf(known.settings) !== placeOf(settings)) {
    const attempts = await tryServers(connection);
    const isReachable = attempts.some(({ answer }) => answer !== undefined);
    for (const { findings, answer } of attempts) {
      // A node that is down is no fault if another one answers.
      for (const finding of findings) yield isReachable && finding.state === 'fault' ? demoted(finding) : finding;
      if (answer !== undefined) answers.push(answer);
    }

    if (!isReachable) return;
    const [answer] = answers;
    if (answer!.startsWith('-DENIED')) {
      yield failed('login', refused(answer!.slice(1).trim(), connection.location));
      return;
    }
  }

  yield* login(connection, answers[0]);
}

async function tryServers({ settings, timeoutMs, tunnel }: Connection): Promise<readonly ServerAttempt[]> {
  const endpoints: readonly Endpoint[] = settings.socket === undefined ? settings.nodes : [{ socket: settings.socket }];
  const connectSettings: ConnectSettings = {
    timeoutMs,
    greeting: GREETING,
    tls: await tlsOf(settings),
    tlsTerms: TLS_TERMS,
    tunnel,
  };
  return Promise.all(endpoints.map(async (endpoint) => tryServer(endpoint, connectSettings)));
}

/** An inline command, which every server accepts. Before authentication it is answered with an error. */
const GREETING = {
  product: 'Redis',
  hello: Buffer.from('PING\r\n'),
  isAnswer: (text: string) => /^(?:\+PONG|-[A-Z]+ [^\r\n]*)\r\n/.test(text),
};

/** @throws ConfigError if the TLS files cannot be used */
async function tlsOf({ tls }: RedisConnection): Promise<ConnectSettings['tls']> {
  if (tls === undefined) return undefined;
  return { options: await readTlsFiles(tls), verify: tls.verify, verifyHost: tls.verify };
}

function placeOf({ nodes, socket, tls }: RedisConnection): string {
  return JSON.stringify([socket ?? nodes.map((node) => endpointText(node)).sort(), tls !== undefined]);
}

function demoted({ subject, message, hint = '' }: Finding): Finding {
  return warning(subject, message, `Another node answers. ${hint}`.trim());
}

/** @param answer the reply to PING before authentication */
async function* login(connection: Connection, answer: string | undefined): AsyncGenerator<Finding> {
  const { settings, location } = connection;
  const { username, password } = settings;
  try {
    await connection.call('PING');
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    if (connection.isCluster && error instanceof UnreachableError) {
      yield await primaries(connection);
      return;
    }

    // A user without permission for PING is authenticated.
    if (!isUnavailable(error)) {
      yield failed(error instanceof RefusedError || error instanceof ConfigError ? 'login' : 'greeting', error);
      return;
    }
  }

  const isOpen = answer?.startsWith('+PONG') === true && settings.kind === 'server';
  const isDefault = username === undefined || username === 'default';
  const open = isDefault ? ' (no password required)' : ' ("default" requires no password)';
  yield password !== undefined && isOpen && isDefault
    ? warning(
        'login',
        `${location} requires no password, although the profile has one: any client that can connect has full access`,
        'Set a password on the server (requirepass, or an ACL user). If this is the wrong server, correct the profile.',
      )
    : ok('login', `authenticated as "${await userOf(connection)}"${isOpen ? open : ''}`);

  if (settings.kind === 'sentinel') yield ok('primary', `the sentinels name a primary for ${settings.primary ?? ''}`);
  if (connection.isCluster) yield await primaries(connection);
  else yield* servesAll(connection);
}

/** Report a node that holds only some of the keys of a cluster. */
async function* servesAll(connection: Connection): AsyncGenerator<Finding> {
  try {
    await connection.nodes();
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    yield failed('cluster', error);
  }
}

/** Check each primary, because each has slots that no other serves. */
async function primaries(connection: Connection): Promise<Finding> {
  let nodes: readonly Node[];
  try {
    nodes = await connection.nodes();
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    return failed('cluster', error);
  }

  const errors = await Promise.all(nodes.map(async (node) => lossOf(node)));
  const lost = nodes.filter((_, index) => errors[index] !== undefined);
  if (lost.length === 0) {
    return ok('cluster', `${counted(nodes.length, 'primary answers', 'primaries answer')}: ${idsOf(nodes)}`);
  }

  const message = `${idsOf(lost)} of ${counted(nodes.length, 'primary', 'primaries')} cannot be used: the keys in their slots cannot be reached`;
  const hint = 'Start them again, or find out why no replica took over: redis-cli cluster nodes';
  return failed('cluster', new UnreachableError(message, hint, { cause: errors.find((error) => error !== undefined) }));
}

function idsOf(nodes: readonly Node[]): string {
  return nodes.map(({ id }) => id).join(', ');
}

/** Why a node cannot be used; undefined if it can. */
async function lossOf(node: Node): Promise<CachectlError | undefined> {
  try {
    await node.call('PING');
    return undefined;
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    // A user without permission for PING is authenticated.
    return isUnavailable(error) ? undefined : error;
  }
}

/** The user name from the server; before Redis 6, or where ACL is forbidden, from the profile. */
async function userOf(connection: Connection): Promise<string> {
  try {
    return String(await connection.call('ACL', 'WHOAMI'));
  } catch (error) {
    if (error instanceof RefusedError) return connection.settings.username ?? 'default';
    throw error;
  }
}
