import { WRONG_HOST } from '../network/errors.js';

/** The code that mysql2 gives every failure of the TLS handshake, in place of Node's. */
export const TLS_ERROR = 'HANDSHAKE_SSL_ERROR';

/** The error as Node reported it, before mysql2 replaced its code. */
export function ofNode(error: Error): Error {
  // Node's error carries the certificate of another host.
  const code = 'cert' in error ? WRONG_HOST : VERIFICATION[error.message.split(';', 1)[0]!];
  // An error of OpenSSL itself has a reason.
  const fallback = 'reason' in error ? 'EPROTO' : undefined;
  return Object.assign(new Error(error.message), error, { code: code ?? fallback });
}

/** OpenSSL's codes by its messages: X509_verify_cert_error_string. Newer versions of Node append advice after a `;`. */
const VERIFICATION: Readonly<Record<string, string>> = {
  'certificate chain too long': 'CERT_CHAIN_TOO_LONG',
  'certificate has expired': 'CERT_HAS_EXPIRED',
  'certificate is not yet valid': 'CERT_NOT_YET_VALID',
  'certificate not trusted': 'CERT_UNTRUSTED',
  'certificate signature failure': 'CERT_SIGNATURE_FAILURE',
  'invalid CA certificate': 'INVALID_CA',
  'self-signed certificate': 'DEPTH_ZERO_SELF_SIGNED_CERT',
  'self-signed certificate in certificate chain': 'SELF_SIGNED_CERT_IN_CHAIN',
  'unable to get issuer certificate': 'UNABLE_TO_GET_ISSUER_CERT',
  'unable to get local issuer certificate': 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'unable to verify the first certificate': 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
};
