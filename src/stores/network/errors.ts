import { ConfigError, TimeoutError, UnreachableError } from '../../errors.js';

/** Why a connection failed, apart from anything that the other end answered. `what` goes behind the server's name. */
export interface NetworkFault {
  readonly Class: typeof ConfigError | typeof TimeoutError | typeof UnreachableError;
  readonly what: string;
  readonly hint: string;
}

/** How the store names things in its hints. */
export interface NetworkWords {
  /** `tls.ca in the profile`. */
  readonly caKey: string;
  /** What switches TLS off: `redis:// in place of rediss://`. */
  readonly plain: string;
}

/** By Node's code alone: a text may quote a key or a user. Undefined for what is no failure of the network or of TLS. */
export function networkFault(error: unknown, words: NetworkWords): NetworkFault | undefined {
  if (!(error instanceof Error)) return undefined;
  // Node tries IPv6 and IPv4 and reports both in one.
  if (error instanceof AggregateError && error.errors.length > 0) return networkFault(error.errors[0], words);
  const code = 'code' in error ? String(error.code) : '';
  return (Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined) ?? tlsFault(error, code, words);
}

const REFUSES = fault('refuses connections', 'Is the server running, and is the port right?');
const UNKNOWN_NAME = fault('is not known by that name', 'Check the host in the profile or URL.');
const NO_ROUTE = fault('cannot be reached from here', 'Check the network and firewalls.');
const CLOSED = fault(
  'closed the connection',
  'Run cachectl doctor to see why: it may expect TLS, be full, or have been restarted.',
);

/** By errno. */
const FAULTS: Readonly<Record<string, NetworkFault>> = {
  EACCES: fault('may not be opened by this user', 'Check the permissions of the socket.'),
  EAI_AGAIN: UNKNOWN_NAME,
  ECONNABORTED: CLOSED,
  ECONNREFUSED: REFUSES,
  ECONNRESET: CLOSED,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ENOENT: fault('has no such socket', 'Check the path of the socket.'),
  ENOTFOUND: UNKNOWN_NAME,
  ENOTSOCK: fault('is not a socket', 'Check the path of the socket.'),
  EPIPE: CLOSED,
  ETIMEDOUT: {
    Class: TimeoutError,
    what: 'did not answer in time',
    hint: 'Give it longer with --timeout 30s, or look at its load.',
  },
};

/** The other end hung up, and nobody knows why. */
export const closedConnection = CLOSED;

function fault(what: string, hint: string): NetworkFault {
  return { Class: UnreachableError, what, hint };
}

function tlsFault(error: Error, code: string, { caKey, plain }: NetworkWords): NetworkFault | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return wrongHost(error);
  if (code === 'CERT_HAS_EXPIRED') return fault('has a certificate that has expired', 'Renew it on the server.');
  if (code === 'CERT_NOT_YET_VALID') {
    return fault('has a certificate that is not valid yet', 'Check the clock of this machine and the certificate.');
  }

  if (UNTRUSTED.test(code)) {
    const hint = `Name the CA that signed it by ${caKey}; for a self-signed certificate, the certificate itself.`;
    return fault(`has a certificate that no trusted CA signed (${code})`, hint);
  }

  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return fault('does not speak TLS', `Use ${plain}, or the port that speaks TLS.`);
  }

  if (/^ERR_SSL_TLSV1\d?_ALERT_CERTIFICATE_REQUIRED$/.test(code)) {
    return fault('requires a client certificate', 'Name it and its key in the profile.');
  }

  if (/^(?:ERR_SSL_|ERR_TLS_|CERT_|EPROTO$)/.test(code)) {
    return fault(`failed the TLS handshake: ${reasonOf(error, code)}`, 'Run cachectl doctor to see what it offers.');
  }

  return undefined;
}

/** OpenSSL's codes for a chain that ends at nobody who is trusted here. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|CERT_CHAIN|INVALID_CA|CERT_SIGNATURE_FAILURE/;

/** Node's error carries the certificate and the host that was asked for. */
function wrongHost(error: Error): NetworkFault {
  const { host, cert } = error as { host?: string; cert?: { subjectaltname?: string; subject?: { CN?: string } } };
  const names = (cert?.subjectaltname ?? cert?.subject?.CN ?? 'other hosts')
    .split(', ')
    .map((name) => name.replace(/^(?:DNS|IP Address):/, ''));
  return fault(
    `has a certificate for ${names.join(', ')}, not for ${host ?? 'this host'}`,
    'Connect by a name that the certificate has, or issue one for this host.',
  );
}

function reasonOf(error: Error, code: string): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : code;
}
