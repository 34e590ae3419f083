import type { RedisConnection } from '../../../profiles/profile.js';
import type { Finding } from '../../contract/store.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { CachectlError, ConfigError, RefusedError, UnreachableError } from '../../../errors.js';
import { counted, failed, ok, warning } from '../../doctor/findings.js';
import { type Arrival, arrive, type Way } from '../../network/connectivity.js';
import { type Endpoint, endpointText } from '../../network/endpoint.js';
import { readTlsFiles } from '../../network/tls-files.js';
import { isUnavailable, refused, TLS_TERMS } from '../errors.js';
import { rights } from './rights.js';

/** The way to the server, or to one of the nodes or sentinels at least; logging in; what the user may do there. */
export async function* reach(context: RedisContext): AsyncGenerator<Finding> {
  const { connection, lockConnection } = context;
  if (yield* ends(reachOne(connection))) return;
  if (lockConnection !== connection && (yield* ends(ofLocks(reachOne(lockConnection, connection))))) return;
  yield* rights(context, await userOf(connection));
}

/** Whether what was told holds a fault. */
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

/** @param known one to which the way was found already: to the same servers it is not gone again */
async function* reachOne(connection: Connection, known?: Connection): AsyncGenerator<Finding> {
  const { settings } = connection;
  const answers: string[] = [];
  if (known === undefined || placeOf(known.settings) !== placeOf(settings)) {
    const arrivals = await allArrivals(settings, connection.timeoutMs);
    const isThere = arrivals.some(({ answer }) => answer !== undefined);
    for (const { findings, answer } of arrivals) {
      // One of several nodes that is down is no fault while another tells the way.
      for (const finding of findings) yield isThere && finding.state === 'fault' ? demoted(finding) : finding;
      if (answer !== undefined) answers.push(answer);
    }

    if (!isThere) return;
    const [answer] = answers;
    if (answer!.startsWith('-DENIED')) {
      yield failed('login', refused(answer!.slice(1).trim(), connection.location));
      return;
    }
  }

  yield* login(connection, answers[0]);
}

async function allArrivals(settings: RedisConnection, timeoutMs: number): Promise<readonly Arrival[]> {
  const endpoints: readonly Endpoint[] = settings.socket === undefined ? settings.nodes : [{ socket: settings.socket }];
  const way: Way = { timeoutMs, greeting: GREETING, tls: await tlsOf(settings), tlsTerms: TLS_TERMS };
  return Promise.all(endpoints.map(async (endpoint) => arrive(endpoint, way)));
}

/** An inline command, which every server takes; whoever has not logged in is told so. */
const GREETING = {
  product: 'Redis',
  hello: Buffer.from('PING\r\n'),
  isAnswer: (text: string) => /^(?:\+PONG|-[A-Z]+ [^\r\n]*)\r\n/.test(text),
};

/** @throws ConfigError for files that cannot be used */
async function tlsOf({ tls }: RedisConnection): Promise<Way['tls']> {
  if (tls === undefined) return undefined;
  return { options: await readTlsFiles(tls), verify: tls.verify, verifyHost: tls.verify };
}

function placeOf({ nodes, socket, tls }: RedisConnection): string {
  return JSON.stringify([socket ?? nodes.map((node) => endpointText(node)).sort(), tls !== undefined]);
}

function demoted({ subject, message, hint = '' }: Finding): Finding {
  return warning(subject, message, `Another node answers. ${hint}`.trim());
}

/** @param answer what the server said before anybody had logged in */
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

    // Who may not ping has been let in.
    if (!isUnavailable(error)) {
      yield failed(error instanceof RefusedError || error instanceof ConfigError ? 'login' : 'greeting', error);
      return;
    }
  }

  const isOpen = answer?.startsWith('+PONG') === true && settings.kind === 'server';
  yield password !== undefined && isOpen && (username === undefined || username === 'default')
    ? warning(
        'login',
        `${location} requires no password, although the profile has one: any client that can connect has full access`,
        'Set a password on the server (requirepass, or an ACL user). If this is the wrong server, correct the profile.',
      )
    : ok('login', `authenticated as "${await userOf(connection)}"${isOpen ? ' (no password required)' : ''}`);

  if (settings.kind === 'sentinel') yield ok('primary', `the sentinels name a primary for ${settings.primary ?? ''}`);
  if (connection.isCluster) yield await primaries(connection);
  else yield* servesAll(connection);
}

/** Says so of one node of a cluster, which has a part of the keys. */
async function* servesAll(connection: Connection): AsyncGenerator<Finding> {
  try {
    await connection.nodes();
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    yield failed('cluster', error);
  }
}

/** Each has slots of its own, so that each is missed. */
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

/** Why a node cannot be used; undefined when it can. */
async function lossOf(node: Node): Promise<CachectlError | undefined> {
  try {
    await node.call('PING');
    return undefined;
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    // Who may not ping has been let in.
    return isUnavailable(error) ? undefined : error;
  }
}

/** The user as the server names it; else (before Redis 6, or where ACL is forbidden) as the profile does. */
async function userOf(connection: Connection): Promise<string> {
  try {
    return String(await connection.call('ACL', 'WHOAMI'));
  } catch (error) {
    if (error instanceof RefusedError) return connection.settings.username ?? 'default';
    throw error;
  }
}
