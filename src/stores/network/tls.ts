import type { Socket } from 'node:net';
import type { ConnectionOptions, PeerCertificate, TLSSocket } from 'node:tls';

import { once } from 'node:events';
import { isIP } from 'node:net';

import type { Finding } from '../contract/store.js';

import { CachectlError, UnreachableError } from '../../errors.js';
import { systemCode } from '../../system-errors.js';
import { counted, failed, ok, warning } from '../doctor/findings.js';
import { type Endpoint, endpointText } from './endpoint.js';
import {
  certificateFault,
  handshakeFault,
  handshakeTimeout,
  namesOf,
  networkError,
  type TlsTerms,
  WRONG_HOST,
} from './errors.js';
import { type Deadline, millisecondsSince } from './tcp.js';

export interface TlsSettings {
  readonly options: Pick<
    ConnectionOptions,
    'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'secureContext' | 'servername'
  >;
  /** False accepts any certificate. */
  readonly verify: boolean;
  /** False accepts a certificate for another host. */
  readonly verifyHost: boolean;
}

type Settings = TlsSettings & { readonly terms: TlsTerms };

/** A certificate that expires within this many days gets a warning. */
const SOON_DAYS = 30;

const DAY_MS = 86_400_000;

/** The secured socket, which the caller destroys; undefined after a fault. */
export interface Handshake {
  readonly socket: TLSSocket | undefined;
  readonly findings: readonly Finding[];
}

/** Do the TLS handshake on an open socket. The certificate is checked even if the profile does not verify it. */
export async function handshake(
  socket: Socket,
  endpoint: Extract<Endpoint, { host: string }>,
  settings: Settings,
  deadline: Deadline,
): Promise<Handshake> {
  const { connect, checkServerIdentity } = await import('node:tls');
  const started = performance.now();
  const { host } = endpoint;
  const where = endpointText(endpoint);
  let secured: TLSSocket;
  try {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    // The certificate is checked below, for a better message.
    secured = connect({ ...servername, ...settings.options, socket, rejectUnauthorized: false });
  } catch (error) {
    return { socket: undefined, findings: [failed('TLS', unusableFiles(error))] };
  }

  secured.on('error', () => {
    // The step that runs reports it.
  });
  try {
    // Half of the time left. The other half is for trying without TLS.
    const late = (): CachectlError => networkError(handshakeTimeout(settings.terms), where);
    await deadline.bound(once(secured, 'secureConnect'), late, deadline.leftMs / 2);
  } catch (error) {
    secured.destroy();
    const known =
      error instanceof CachectlError ? error : networkError(handshakeFault(error, settings.terms), where, error);
    return { socket: undefined, findings: [failed('TLS', known)] };
  }

  const certificate = secured.getPeerCertificate();
  const problem = problemOf(secured, certificate, settings, () =>
    checkServerIdentity(settings.options.servername ?? host, certificate),
  );
  const agreed = ok(
    'TLS',
    `${where} speaks ${secured.getProtocol() ?? 'TLS'} (handshake in ${millisecondsSince(started)} ms)`,
  );
  const findings = [agreed, ...certificateFindings(endpoint, certificate, problem, settings)];
  if (!findings.some(({ state }) => state === 'fault')) return { socket: secured, findings };
  secured.destroy();
  return { socket: undefined, findings };
}

/** Why the certificate is refused: a code of OpenSSL or Node. */
function problemOf(
  { authorized, authorizationError }: TLSSocket,
  certificate: PeerCertificate,
  { verifyHost }: TlsSettings,
  checkHost: () => Error | undefined,
): string | undefined {
  // According to Node's types it is an Error, but usually it is the code as a string.
  const code = authorized ? WRONG_HOST : (systemCode(authorizationError) ?? String(authorizationError));
  if (code !== WRONG_HOST) return code;
  return verifyHost && certificate.raw !== undefined && checkHost() !== undefined ? WRONG_HOST : undefined;
}

function* certificateFindings(
  endpoint: Extract<Endpoint, { host: string }>,
  certificate: PeerCertificate,
  problem: string | undefined,
  { verify, terms }: Settings,
): Generator<Finding> {
  const subject = 'certificate';
  const names = namesOf(certificate);
  const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / DAY_MS);
  const about = `for ${names}, issued by ${issuerOf(certificate)}`;
  if (problem !== undefined && verify) {
    const fault = certificateFault(problem, { host: endpoint.host, names }, terms);
    const ended = days < 0 ? `, expired ${counted(-days, 'day', 'days')} ago` : '';
    const message = `${endpointText(endpoint)} ${fault?.what ?? `has a certificate that was refused: ${problem}`}`;
    const hint = fault?.hint ?? `Check ${terms.ca} and the certificate.`;
    yield failed(subject, new UnreachableError(`${message} (${about}${ended})`, hint));
    return;
  }

  if (!verify) {
    const why = problem === undefined ? 'it would be accepted' : `it would be refused: ${problem}`;
    yield warning(
      subject,
      `${about}; not verified, so a man in the middle could read and change all traffic (${why})`,
      `Remove verify: false or tlsAllowInvalidCertificates${problem === undefined ? '.' : `, and set ${terms.ca}.`}`,
    );
  }

  if (days >= 0 && days < SOON_DAYS) {
    const message = `${about}; expires in ${counted(days, 'day', 'days')}`;
    yield warning(subject, message, 'Renew it, and check why it was not renewed automatically.');
  } else if (verify) {
    yield ok(subject, `${about}; valid for ${counted(days, 'more day', 'more days')}`);
  }
}

function issuerOf({ issuer }: PeerCertificate): string {
  // A server's certificate may lack it, despite Node's types.
  const name = issuer as PeerCertificate['issuer'] | undefined;
  return [name?.CN ?? name?.O ?? 'an unnamed CA'].flat().join(' ');
}

function unusableFiles(cause: unknown): UnreachableError {
  return new UnreachableError(
    `cannot use the TLS files of the profile (${systemCode(cause) ?? String(cause)})`,
    'Check that they are in PEM form, and that the key matches the certificate.',
    { cause },
  );
}
