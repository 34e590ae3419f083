import type { Socket } from 'node:net';

import type { Finding } from '../contract/store.js';

import { CachectlError, UnreachableError } from '../../errors.js';
import { failed, ok } from '../doctor/findings.js';
import { answersPlainly, greeted, type Greeting, speaksTls } from './handshake.js';
import { connected, Deadline, type Endpoint, endpointText, millisecondsSince, resolved } from './tcp.js';
import { handshake, type TlsSettings } from './tls.js';

/** How a store talks to its servers. */
export interface Way {
  /** For all steps to one server, in milliseconds. */
  readonly timeoutMs: number;
  /** Undefined: no TLS. */
  readonly tls?: TlsSettings | undefined;
  /** Left out where whoever logs in finds out who answers. */
  readonly greeting?: Greeting;
  /** How TLS is switched on: `use rediss://, or tls: true`. */
  readonly tlsHint: string;
}

/** What became of the way to one server. */
export interface Arrival {
  readonly endpoint: Endpoint;
  readonly findings: readonly Finding[];
  /** What was answered to the greeting; undefined when it was not reached, or not greeted. */
  readonly answer?: string;
}

/** The way to one server, as far as it goes: name, connection, TLS, greeting. */
export async function arrive(endpoint: Endpoint, way: Way): Promise<Arrival> {
  const deadline = new Deadline(way.timeoutMs);
  const findings: Finding[] = [];
  const name = await resolved(endpoint, deadline);
  if (name !== undefined) findings.push(name);
  if (name?.state === 'fault') return { endpoint, findings };
  let socket: Socket | undefined;
  try {
    const started = performance.now();
    socket = await connected(endpoint, deadline);
    findings.push(
      ok('connect', `${endpointText(endpoint)} took the connection within ${millisecondsSince(started)} ms`),
    );
    if (way.tls !== undefined && 'host' in endpoint) {
      const agreed = await handshake(socket, endpoint, way.tls, deadline);
      findings.push(...(await withPlainHint(agreed.findings, endpoint, way, deadline)));
      if (agreed.socket === undefined) return { endpoint, findings };
      socket = agreed.socket;
    }

    if (way.greeting === undefined) return { endpoint, findings };
    const answer = await greeted(socket, endpoint, way.greeting, deadline);
    return { endpoint, findings, answer };
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    const step = findings.some(({ subject }) => subject === 'connect') ? 'greeting' : 'connect';
    const wantsTls = step === 'greeting' && way.tls === undefined && (await speaksTls(endpoint, deadline));
    findings.push(failed(step, wantsTls ? onlyTls(endpoint, way.tlsHint) : error));
    return { endpoint, findings };
  } finally {
    socket?.destroy();
  }
}

/** All at once; told in the order of `endpoints`, each as soon as those before it are through. */
export async function* arrivals(endpoints: readonly Endpoint[], way: Way): AsyncGenerator<Arrival> {
  const under = endpoints.map(async (endpoint) => arrive(endpoint, way));
  // Told when its turn comes.
  for (const each of under) each.catch(() => {});
  for (const each of under) yield await each;
}

/** A port that did not agree on TLS may answer without it, which is the whole story then. */
async function withPlainHint(
  findings: readonly Finding[],
  endpoint: Endpoint,
  { greeting }: Way,
  deadline: Deadline,
): Promise<readonly Finding[]> {
  const [first] = findings;
  if (first?.state !== 'fault' || greeting === undefined) return findings;
  if (!(await answersPlainly(endpoint, greeting, deadline))) return findings;
  const where = endpointText(endpoint);
  const hint = 'Take tls out of the profile, or write redis:// for rediss://.';
  return [failed('TLS', new UnreachableError(`${where} speaks ${greeting.product} without TLS`, hint))];
}

function onlyTls(endpoint: Endpoint, tlsHint: string): UnreachableError {
  return new UnreachableError(`${endpointText(endpoint)} speaks TLS, and the profile does not`, tlsHint);
}
