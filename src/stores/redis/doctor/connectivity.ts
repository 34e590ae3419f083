import type { RedisConnection } from '../../../profiles/profile.js';
import type { Finding } from '../../contract/store.js';
import type { Node } from '../client/command.js';
import type { Connection } from '../connection.js';
import type { RedisContext } from '../context.js';

import { CachectlError, ConfigError, RefusedError, UnreachableError } from '../../../errors.js';
import { counted, failed, ok, warning } from '../../doctor/findings.js';
import { type Arrival, arrive, type Way } from '../../network/connectivity.js';
import { type Endpoint, endpointText } from '../../network/tcp.js';
import { readTlsFiles } from '../client/tls-files.js';
import { isUnavailable } from '../errors.js';
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
      yield failed('login', inProtectedMode(connection.location));
      return;
    }
  }

  yield* login(connection, answers[0]);
}

async function allArrivals(settings: RedisConnection, timeoutMs: number): Promise<readonly Arrival[]> {
  const endpoints: readonly Endpoint[] = settings.socket === undefined ? settings.nodes : [{ socket: settings.socket }];
  const way: Way = { timeoutMs, greeting: GREETING, tls: await tlsOf(settings), tlsHint: TLS_HINT };
  return Promise.all(endpoints.map(async (endpoint) => arrive(endpoint, way)));
}

/** An inline command, which every server takes; whoever has not logged in is told so. */
const GREETING = {
  product: 'Redis',
  hello: Buffer.from('PING\r\n'),
  isAnswer: (text: string) => /^(?:\+PONG|-[A-Z]+ [^\r\n]*)\r\n/.test(text),
};

const TLS_HINT = 'Write rediss:// in the URL, or tls: true in the profile.';

/** @throws ConfigError for files that cannot be used */
async function tlsOf({ tls }: RedisConnection): Promise<Way['tls']> {
  if (tls === undefined) return undefined;
  const options = await readTlsFiles(tls);
  return { options, verify: tls.verify, verifyHost: tls.verify, caKey: 'tls.ca in the profile' };
}

function placeOf({ nodes, socket, tls }: RedisConnection): string {
  return JSON.stringify([socket ?? nodes.map((node) => endpointText(node)).sort(), tls !== undefined]);
}

function demoted({ subject, message, hint = '' }: Finding): Finding {
  return warning(subject, message, `Another one answers. ${hint}`.trim());
}

function inProtectedMode(location: string): RefusedError {
  return new RefusedError(
    `${location} lets nobody in from other machines: it is in protected mode`,
    'Give it a password (requirepass, or an ACL user), or bind it to the address that is meant.',
  );
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
      yield failed(error instanceof RefusedError || error instanceof ConfigError ? 'login' : 'greeting', worded(error));
      return;
    }
  }

  const isOpen = answer?.startsWith('+PONG') === true && settings.kind === 'server';
  yield password !== undefined && isOpen && (username === undefined || username === 'default')
    ? warning(
        'login',
        `${location} wants no password, and the profile gives one: whoever reaches it may do everything`,
        'Set one on the server (requirepass, or an ACL user); or take it out of the profile, if it is the wrong server.',
      )
    : ok('login', `let in as ${await userOf(connection)}${isOpen ? ', no password wanted' : ''}`);

  if (settings.kind === 'sentinel') yield ok('primary', `the sentinels name one as ${settings.primary ?? ''}`);
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

  const message = `${idsOf(lost)} of ${counted(nodes.length, 'primary', 'primaries')} cannot be used: what lies in its slots is out of reach`;
  const hint = 'Start it again, or look why no replica has taken its place: redis-cli cluster nodes.';
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

/** What a server says over TLS that wants a certificate of ours comes when it is first asked for something. */
function worded(error: CachectlError): CachectlError {
  const words =
    error.cause instanceof Error ? `${error.cause.message} ${String((error.cause as NodeJS.ErrnoException).code)}` : '';
  if (!/certificate.required|CERTIFICATE_REQUIRED/i.test(words)) return error;
  const hint = 'Name them by tls.cert and tls.key in the profile (or let the server do without: tls-auth-clients no).';
  return new UnreachableError('the server wants a certificate of ours, and none was given', hint, { cause: error });
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
