import type { Socket } from 'node:net';
import type { ConnectionOptions, PeerCertificate, TLSSocket } from 'node:tls';

import { once } from 'node:events';
import { isIP } from 'node:net';

import type { Finding } from '../contract/store.js';

import { CachectlError, TimeoutError, UnreachableError } from '../../errors.js';
import { counted, failed, ok, warning } from '../doctor/findings.js';
import { type Deadline, type Endpoint, endpointText, millisecondsSince } from './tcp.js';

/** What a client of the store would use, and how the profile says it. */
export interface TlsSettings {
  readonly options: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'secureContext'>;
  /** False takes any certificate. */
  readonly verify: boolean;
  /** False takes a certificate for another host. */
  readonly verifyHost: boolean;
  /** How a CA is named: `tls.ca in the profile`. */
  readonly caKey: string;
}

/** When a certificate's end is near, in days. */
const SOON_DAYS = 30;

const DAY_MS = 86_400_000;

/** The socket that is secured by now, or undefined, and what is to say of it. Whoever gets it destroys it. */
export interface Handshake {
  readonly socket: TLSSocket | undefined;
  readonly findings: readonly Finding[];
}

/** Agrees on TLS over an open socket, looking at the certificate whether or not the profile wants it checked. */
export async function handshake(
  socket: Socket,
  endpoint: Extract<Endpoint, { host: string }>,
  settings: TlsSettings,
  deadline: Deadline,
): Promise<Handshake> {
  const { connect, checkServerIdentity } = await import('node:tls');
  const started = performance.now();
  const { host } = endpoint;
  let secured: TLSSocket;
  try {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    // What is wrong with the certificate is told apart below.
    secured = connect({ ...settings.options, ...servername, socket, rejectUnauthorized: false });
  } catch (error) {
    return { socket: undefined, findings: [failed('TLS', badFiles(error))] };
  }

  secured.on('error', () => {
    // The step that is under way hears of it by itself.
  });
  try {
    // Half of the time: what it takes for TLS may be asked for without it then.
    const agreed = once(secured, 'secureConnect');
    await deadline.bound(agreed, () => noHandshake(endpoint), deadline.leftMs / 2);
  } catch (error) {
    secured.destroy();
    const known = error instanceof CachectlError ? error : disagreed(endpoint, error);
    return { socket: undefined, findings: [failed('TLS', known)] };
  }

  const certificate = secured.getPeerCertificate();
  const problem = problemOf(secured, certificate, settings, () => checkServerIdentity(host, certificate));
  const agreed = ok(
    'TLS',
    `${endpointText(endpoint)} speaks ${secured.getProtocol() ?? 'TLS'}, agreed within ${millisecondsSince(started)} ms`,
  );
  const findings = [agreed, ...certificateFindings(endpoint, certificate, problem, settings)];
  if (!findings.some(({ state }) => state === 'fault')) return { socket: secured, findings };
  secured.destroy();
  return { socket: undefined, findings };
}

/** What the certificate is refused for, as OpenSSL or Node calls it. */
type Problem = { readonly code: string; readonly host: boolean } | undefined;

function problemOf(
  { authorized, authorizationError }: TLSSocket,
  certificate: PeerCertificate,
  { verifyHost }: TlsSettings,
  checkHost: () => Error | undefined,
): Problem {
  const code = authorized ? '' : codeOf(authorizationError);
  if (code !== '' && code !== ALTNAME) return { code, host: false };
  return verifyHost && certificate.raw !== undefined && checkHost() !== undefined
    ? { code: ALTNAME, host: true }
    : undefined;
}

/** Node's types say Error; what is there is most often the code as a text. */
function codeOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

const ALTNAME = 'ERR_TLS_CERT_ALTNAME_INVALID';

function* certificateFindings(
  endpoint: Endpoint,
  certificate: PeerCertificate,
  problem: Problem,
  settings: TlsSettings,
): Generator<Finding> {
  const names = namesOf(certificate);
  const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / DAY_MS);
  const subject = 'certificate';
  const about = `for ${names}, by ${nameOf(certificate.issuer)}`;
  if (problem !== undefined && settings.verify) {
    yield failed(subject, refused(problem.code, { where: endpointText(endpoint), about, names, days, settings }));
    return;
  }

  if (!settings.verify) {
    const why = problem === undefined ? 'it would be trusted' : `it would be refused: ${problem.code}`;
    yield warning(
      subject,
      `${about}; it is not checked, so anybody in between can read and change what is sent (${why})`,
      `Take out what switches the check off (verify: false, or tlsAllowInvalidCertificates)${problem === undefined ? '.' : ` and name its CA by ${settings.caKey}.`}`,
    );
  }

  if (days >= 0 && days < SOON_DAYS) {
    const message = `${about}; it ends in ${counted(days, 'day', 'days')}, and then nobody gets in`;
    yield warning(subject, message, 'Renew it, and look at what should have renewed it by itself.');
  } else if (settings.verify) {
    yield ok(subject, `${about}; good for ${counted(days, 'day', 'days')} more`);
  }
}

interface Refused {
  readonly where: string;
  readonly about: string;
  readonly names: string;
  readonly days: number;
  readonly settings: TlsSettings;
}

function refused(code: string, { where, about, names, days, settings }: Refused): UnreachableError {
  switch (code) {
    case ALTNAME: {
      return new UnreachableError(
        `the certificate is for ${names}, and the profile says ${where}`,
        'Name the server as its certificate does, or have one made for the name that is used.',
      );
    }

    case 'CERT_HAS_EXPIRED': {
      const message = `the certificate of ${where} ended ${counted(-days, 'day', 'days')} ago (${about})`;
      return new UnreachableError(message, 'Renew it on the server.');
    }

    case 'CERT_NOT_YET_VALID': {
      const hint = 'Check the clock of this machine, and when the certificate was made.';
      return new UnreachableError(`the certificate of ${where} is not valid yet (${about})`, hint);
    }

    default: {
      const self = /SELF_SIGNED/.test(code) ? ', and has signed itself or is of a CA that has' : '';
      return new UnreachableError(
        `nobody that is trusted here vouches for the certificate of ${where} (${about}${self}; ${code})`,
        `Name the CA that signed it by ${settings.caKey}; of one that signed itself, that is the certificate.`,
      );
    }
  }
}

function namesOf({ subject, subjectaltname }: PeerCertificate): string {
  const others = (subjectaltname ?? '')
    .split(', ')
    .map((name) => name.replace(/^(?:DNS|IP Address):/, ''))
    .filter((name) => name !== '');
  const names = others.length > 0 ? others : [nameOf(subject)];
  return names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ');
}

function nameOf(name: PeerCertificate['issuer'] | undefined): string {
  const parts = [name?.CN ?? name?.O ?? 'nobody'].flat();
  return parts.join(' ');
}

function noHandshake(endpoint: Endpoint): TimeoutError {
  return new TimeoutError(
    `${endpointText(endpoint)} took the connection, and did not answer to TLS`,
    'Does the port speak TLS? If not, take tls out (redis:// for rediss://).',
  );
}

function disagreed(endpoint: Endpoint, cause: unknown): UnreachableError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const where = endpointText(endpoint);
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|RECORD_LAYER|HTTP_REQUEST/.test(code)) {
    const hint = 'The port speaks without it, so take tls out (redis:// for rediss://); or it is another port.';
    return new UnreachableError(`${where} does not speak TLS`, hint, { cause });
  }

  if (code === 'ECONNRESET' || /socket disconnected/.test(message)) {
    return new UnreachableError(
      `${where} ended the connection instead of agreeing on TLS`,
      'Does the port speak TLS? It may also want a certificate of ours, or a newer TLS.',
      { cause },
    );
  }

  return new UnreachableError(`${where} and we do not agree on TLS (${code || message})`, 'Check tls in the profile.', {
    cause,
  });
}

function badFiles(cause: unknown): UnreachableError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return new UnreachableError(
    `what the profile names for TLS cannot be used (${code || message})`,
    'Check the files: they must be PEM, and the key that of the certificate.',
    { cause },
  );
}
