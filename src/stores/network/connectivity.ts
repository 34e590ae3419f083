import type { Socket } from 'node:net';

import type { Finding } from '../contract/store.js';

import { CachectlError, UnreachableError } from '../../errors.js';
import { failed, ok } from '../doctor/findings.js';
import { type Endpoint, endpointText } from './endpoint.js';
import { requiresTls } from './errors.js';
import { answersPlainly, greeted, type Greeting, speaksTls } from './handshake.js';
import { connected, type ConnectTerms, Deadline, millisecondsSince, resolved } from './tcp.js';
import { handshake, type TlsSettings } from './tls.js';

/** How to connect to a server. */
export interface ConnectSettings extends ConnectTerms {
  /** The timeout for all steps together, in milliseconds. */
  readonly timeoutMs: number;
  /** Undefined for a connection without TLS. */
  readonly tls?: TlsSettings | undefined;
  /** Absent if only authentication shows what kind of server answers. */
  readonly greeting?: Greeting;
}

/** How far a connection to a server got. */
export interface ServerAttempt {
  readonly endpoint: Endpoint;
  readonly findings: readonly Finding[];
  /** The reply to the greeting; undefined if the server was not reached or not greeted. */
  readonly answer?: string;
}

/** Connect to a server step by step until one fails: name, TCP, TLS, greeting. */
export async function tryServer(endpoint: Endpoint, settings: ConnectSettings): Promise<ServerAttempt> {
  const deadline = new Deadline(settings.timeoutMs);
  const findings: Finding[] = [];
  const { tunnel } = settings;
  // The bastion resolves names.
  const name = tunnel === undefined ? await resolved(endpoint, settings.tlsTerms, deadline) : undefined;
  if (name !== undefined) findings.push(name);
  if (name?.state === 'fault') return { endpoint, findings };
  let socket: Socket | undefined;
  try {
    const started = performance.now();
    socket = await connected(endpoint, settings, deadline);
    findings.push(
      ok('connect', `${endpointText(endpoint)} accepted the connection in ${millisecondsSince(started)} ms`),
    );
    if (settings.tls !== undefined && 'host' in endpoint) {
      const agreed = await handshake(socket, endpoint, { ...settings.tls, terms: settings.tlsTerms }, deadline);
      findings.push(...(await withPlainHint(agreed.findings, endpoint, settings, deadline)));
      if (agreed.socket === undefined) return { endpoint, findings };
      socket = agreed.socket;
    }

    if (settings.greeting === undefined) return { endpoint, findings };
    const answer = await greeted(socket, endpoint, settings.greeting, deadline);
    return { endpoint, findings, answer };
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    const step = findings.some(({ subject }) => subject === 'connect') ? 'greeting' : 'connect';
    const wantsTls =
      step === 'greeting' && settings.tls === undefined && (await speaksTls(endpoint, settings, deadline));
    findings.push(
      failed(
        step,
        wantsTls ? new UnreachableError(requiresTls(endpointText(endpoint)), settings.tlsTerms.turnOn) : error,
      ),
    );
    return { endpoint, findings };
  } finally {
    socket?.destroy();
  }
}

/** Connect to all servers at once; yields in the order of `endpoints`. */
export async function* tryServers(
  endpoints: readonly Endpoint[],
  settings: ConnectSettings,
): AsyncGenerator<ServerAttempt> {
  const attempts = endpoints.map(async (endpoint) => tryServer(endpoint, settings));
  // Errors are thrown when their turn comes.
  for (const each of attempts) each.catch(() => {});
  for (const each of attempts) yield await each;
}

/** A port that fails the TLS handshake may answer without TLS, which explains the failure. */
async function withPlainHint(
  findings: readonly Finding[],
  endpoint: Endpoint,
  { greeting, tlsTerms, tunnel }: ConnectSettings,
  deadline: Deadline,
): Promise<readonly Finding[]> {
  const [first] = findings;
  if (first?.state !== 'fault' || greeting === undefined) return findings;
  if (!(await answersPlainly(endpoint, { greeting, tlsTerms, tunnel }, deadline))) return findings;
  const message = `${endpointText(endpoint)} speaks ${greeting.product} without TLS`;
  return [failed('TLS', new UnreachableError(message, `Use ${tlsTerms.off}.`))];
}
