import type { Socket } from 'node:net';

import type { Finding } from '../contract/store.js';

import { CachectlError, UnreachableError } from '../../errors.js';
import { failed, ok } from '../doctor/findings.js';
import { type Endpoint, endpointText } from './endpoint.js';
import { requiresTls, type TlsTerms } from './errors.js';
import { answersPlainly, greeted, type Greeting, speaksTls } from './handshake.js';
import { connected, Deadline, millisecondsSince, resolved } from './tcp.js';
import { handshake, type TlsSettings } from './tls.js';

/** How a store connects to its servers. */
export interface Way {
  /** Milliseconds, for all steps to one server. */
  readonly timeoutMs: number;
  /** Undefined: no TLS. */
  readonly tls?: TlsSettings | undefined;
  /** Left out where only logging in shows what kind of server answers. */
  readonly greeting?: Greeting;
  readonly tlsTerms: TlsTerms;
}

/** How far the connection to one server got. */
export interface Arrival {
  readonly endpoint: Endpoint;
  readonly findings: readonly Finding[];
  /** The answer to the greeting; undefined when the server was not reached, or not greeted. */
  readonly answer?: string;
}

/** Connects to one server step by step until one fails: name, connection, TLS, greeting. */
export async function arrive(endpoint: Endpoint, way: Way): Promise<Arrival> {
  const deadline = new Deadline(way.timeoutMs);
  const findings: Finding[] = [];
  const name = await resolved(endpoint, way.tlsTerms, deadline);
  if (name !== undefined) findings.push(name);
  if (name?.state === 'fault') return { endpoint, findings };
  let socket: Socket | undefined;
  try {
    const started = performance.now();
    socket = await connected(endpoint, way.tlsTerms, deadline);
    findings.push(
      ok('connect', `${endpointText(endpoint)} accepted the connection in ${millisecondsSince(started)} ms`),
    );
    if (way.tls !== undefined && 'host' in endpoint) {
      const agreed = await handshake(socket, endpoint, { ...way.tls, terms: way.tlsTerms }, deadline);
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
    const wantsTls =
      step === 'greeting' && way.tls === undefined && (await speaksTls(endpoint, way.tlsTerms, deadline));
    findings.push(
      failed(step, wantsTls ? new UnreachableError(requiresTls(endpointText(endpoint)), way.tlsTerms.turnOn) : error),
    );
    return { endpoint, findings };
  } finally {
    socket?.destroy();
  }
}

/** Connects to all at once; yields in the order of `endpoints`. */
export async function* arrivals(endpoints: readonly Endpoint[], way: Way): AsyncGenerator<Arrival> {
  const under = endpoints.map(async (endpoint) => arrive(endpoint, way));
  // Thrown when its turn comes.
  for (const each of under) each.catch(() => {});
  for (const each of under) yield await each;
}

/** A port that fails the TLS handshake may answer without TLS, which explains it all. */
async function withPlainHint(
  findings: readonly Finding[],
  endpoint: Endpoint,
  { greeting, tlsTerms }: Way,
  deadline: Deadline,
): Promise<readonly Finding[]> {
  const [first] = findings;
  if (first?.state !== 'fault' || greeting === undefined) return findings;
  if (!(await answersPlainly(endpoint, { greeting, tlsTerms }, deadline))) return findings;
  const message = `${endpointText(endpoint)} speaks ${greeting.product} without TLS`;
  return [failed('TLS', new UnreachableError(message, `Use ${tlsTerms.off}.`))];
}
