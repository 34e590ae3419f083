import { type CachectlError, ConfigError, TimeoutError, UnreachableError } from '../../errors.js';
import { systemCode } from '../../system-errors.js';

/** Why a connection failed, apart from error replies. */
export interface NetworkFault {
  readonly Class: typeof ConfigError | typeof TimeoutError | typeof UnreachableError;
  /** Follows the name of the server: `refuses connections`. */
  readonly what: string;
  readonly hint: string;
}

/** The names of a store's TLS settings, for hints. */
export interface TlsTerms {
  /** `Use rediss:// in the URL, or set tls: true in the profile.` */
  readonly turnOn: string;
  /** `redis:// instead of rediss:// (or remove tls from the profile)`. */
  readonly off: string;
  /** `tls.ca in the profile`. */
  readonly ca: string;
  /** `tls.cert and tls.key in the profile`. */
  readonly clientCertificate: string;
}

/** Where a profile names its TLS files. */
export const PROFILE_FILES = {
  ca: 'tls.ca in the profile',
  clientCertificate: 'tls.cert and tls.key in the profile',
} as const;

/** The terms of Redis and Memcached, which differ only in the URL scheme. */
export function profileTlsTerms(scheme: string): TlsTerms {
  return {
    turnOn: `Use ${scheme}s:// in the URL, or set tls: true in the profile.`,
    off: `${scheme}:// instead of ${scheme}s:// (or remove tls from the profile)`,
    ...PROFILE_FILES,
  };
}

export function networkError({ Class, what, hint }: NetworkFault, server: string, cause?: unknown): CachectlError {
  return new Class(`${server} ${what}`, hint, { cause });
}

/**
 * Translate a network or TLS error by its code only, because the message may quote a key or a user. Undefined for other
 * errors.
 */
export function networkFault(error: unknown, terms: TlsTerms): NetworkFault | undefined {
  if (!(error instanceof Error)) return undefined;
  // Node tries IPv6 and IPv4, and reports both failures in one error.
  if (error instanceof AggregateError && error.errors.length > 0) return networkFault(error.errors[0], terms);
  const code = systemCode(error) ?? '';
  return (Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined) ?? tlsFault(error, code, terms);
}

/** Translate a failure before the TLS handshake was complete. */
export function handshakeFault(error: unknown, terms: TlsTerms): NetworkFault {
  const { message } = error as Error;
  const known = networkFault(error, terms);
  if (known === CLOSED || (known === undefined && /socket disconnected/.test(message))) {
    return fault(
      'closed the connection during the TLS handshake',
      `If the port does not speak TLS, use ${terms.off}. The server may also require a client certificate ` +
        `(${terms.clientCertificate}) or another TLS version.`,
    );
  }

  return known ?? failedHandshake(systemCode(error) ?? message);
}

export function handshakeTimeout({ off }: TlsTerms): NetworkFault {
  return {
    Class: TimeoutError,
    what: 'did not answer the TLS handshake in time',
    hint: `If the port does not speak TLS, use ${off}. Otherwise allow more time: --timeout 30s`,
  };
}

/** The message for a server that requires TLS when the profile does not use it. */
export function requiresTls(server: string): string {
  return `${server} requires TLS, and the profile does not use it`;
}

/** A certificate, as far as Node's errors carry it. */
export interface CertificateNames {
  readonly subject?: { readonly CN?: string | string[] | undefined };
  readonly subjectaltname?: string | undefined;
}

/** The host names and addresses of a certificate, at most four. */
export function namesOf({ subject, subjectaltname = '' }: CertificateNames): string {
  const names = subjectaltname
    .split(', ')
    .map((name) => name.replace(/^(?:DNS|IP Address):/, ''))
    .filter((name) => name !== '');
  if (names.length === 0) names.push([subject?.CN ?? 'an unnamed host'].flat().join(' '));
  return names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ');
}

/** @param code from Node or OpenSSL. Undefined if the certificate is not the problem. */
export function certificateFault(
  code: string,
  { host, names }: { readonly host: string; readonly names: string },
  terms: TlsTerms,
): NetworkFault | undefined {
  if (code === WRONG_HOST) {
    const hint = 'Connect by a name that the certificate lists, or issue a certificate for this host.';
    return fault(`has a certificate for ${names}, not for ${host}`, hint);
  }

  if (code === 'CERT_HAS_EXPIRED') return fault('has an expired certificate', 'Renew the certificate on the server.');
  if (code === 'CERT_NOT_YET_VALID') {
    const hint = 'Check the clock of this machine, and the start date of the certificate.';
    return fault('has a certificate that is not valid yet', hint);
  }

  if (!UNTRUSTED.test(code)) return undefined;
  return fault(
    `has a certificate that is not signed by a trusted CA (${code})`,
    `Set ${terms.ca} to the certificate of its CA, or to the certificate itself if it is self-signed.`,
  );
}

/** Node's code for a certificate of another host. */
export const WRONG_HOST = 'ERR_TLS_CERT_ALTNAME_INVALID';

/** OpenSSL's codes for a certificate chain that does not end at a trusted CA. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|CERT_CHAIN|INVALID_CA|CERT_SIGNATURE_FAILURE/;

/** The second half of a hint wherever a sent request got no answer. */
export const UNACKNOWLEDGED = 'Unacknowledged writes may or may not have been applied.';

const TIMEOUT_HINT = 'Allow more time with --timeout 30s, or check the load of the server.';
const UNKNOWN_HOST = fault(
  'cannot be found: unknown host name',
  'Check the host in the profile or URL. Inside a container, external names may be unknown.',
);
const NO_ROUTE = fault('cannot be reached: no route to it', 'Check the network and firewalls.');
const CLOSED = fault(
  'closed the connection',
  `It may require TLS, be at its client limit, or have restarted: cachectl doctor shows more. ${UNACKNOWLEDGED}`,
);

/** Keyed by errno. */
const FAULTS: Readonly<Record<string, NetworkFault>> = {
  EACCES: fault('may not be opened by this user', 'Check the permissions of the socket and of its folder.'),
  EAI_AGAIN: fault(
    'cannot be found: no DNS server answered',
    'Check the network and /etc/resolv.conf, or use an IP address.',
  ),
  ECONNABORTED: CLOSED,
  ECONNREFUSED: fault(
    'refuses connections',
    'Check that the server is running and listens on this address and port (bind).',
  ),
  ECONNRESET: CLOSED,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ENOENT: fault('does not exist: no such socket', 'Check the path of the socket, and that the server is running.'),
  ENOTFOUND: UNKNOWN_HOST,
  ENOTSOCK: fault('is not a socket', 'Check the path of the socket.'),
  EPIPE: CLOSED,
  ETIMEDOUT: { Class: TimeoutError, what: 'did not answer in time', hint: TIMEOUT_HINT },
};

/** The server closed the connection without a reason. */
export const closedConnection = CLOSED;

/** The server was not connected in time. */
export const noConnection = FAULTS.ETIMEDOUT!;

/** The server is connected but slow. */
export const noAnswer: NetworkFault = { ...noConnection, hint: `${TIMEOUT_HINT} ${UNACKNOWLEDGED}` };

function fault(what: string, hint: string): NetworkFault {
  return { Class: UnreachableError, what, hint };
}

function tlsFault(error: Error, code: string, terms: TlsTerms): NetworkFault | undefined {
  // Node's error carries the certificate and the host that was asked for.
  const { host = 'this host', cert = {} } = error as { host?: string; cert?: CertificateNames };
  const refused = certificateFault(code, { host, names: namesOf(cert) }, terms);
  if (refused !== undefined) return refused;
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|RECORD_LAYER|HTTP_REQUEST/.test(code)) {
    return fault('does not speak TLS', `Use ${terms.off}, or the port that speaks TLS.`);
  }

  if (/^ERR_SSL_TLSV1\d?_ALERT_CERTIFICATE_REQUIRED$/.test(code)) {
    return fault('requires a client certificate', `Set ${terms.clientCertificate}.`);
  }

  if (!/^(?:ERR_SSL_|ERR_TLS_|CERT_|EPROTO$)/.test(code)) return undefined;
  return failedHandshake('reason' in error && typeof error.reason === 'string' ? error.reason : code);
}

function failedHandshake(reason: string): NetworkFault {
  return fault(
    `failed the TLS handshake: ${reason}`,
    'Check the TLS settings of the profile and of the server; cachectl doctor shows each step.',
  );
}
