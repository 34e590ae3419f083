import { readFile } from 'node:fs/promises';

import type { RedisTls } from '../../profiles/profile.js';

import { ConfigError } from '../../errors.js';
import { systemReason } from '../../system-errors.js';

/** The contents of PEM files, and the name in the certificate if it is not the host. */
export type TlsFiles = Partial<Record<TlsFile, Buffer>> & { servername?: string };

type TlsFile = 'ca' | 'cert' | 'key';

const NAMES: readonly TlsFile[] = ['ca', 'cert', 'key'];

/**
 * The TLS options of a profile, with the contents of its files.
 * @throws ConfigError for a file that cannot be read or is not PEM, and for a key that does not match its certificate
 */
export async function readTlsFiles(tls: RedisTls): Promise<TlsFiles> {
  const files: TlsFiles = tls.servername === undefined ? {} : { servername: tls.servername };
  for (const name of NAMES) {
    const file = tls[name];
    if (file !== undefined) files[name] = await readTlsFile(file, `Check tls.${name} in the profile.`);
  }

  if (NAMES.some((name) => tls[name] !== undefined)) await check(files, tls);
  return files;
}

/** @throws ConfigError */
export async function readTlsFile(file: string, hint: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    const message = `cannot read the TLS file ${file}: ${systemReason(error)}`;
    throw new ConfigError(message, hint, { cause: error });
  });
}

/** Client libraries report an unusable file only as a failed connection. */
async function check({ ca, cert, key }: TlsFiles, tls: RedisTls): Promise<void> {
  const [{ createSecureContext }, { X509Certificate }] = await Promise.all([import('node:tls'), import('node:crypto')]);
  for (const [name, file] of Object.entries({ ca, cert })) {
    if (file === undefined) continue;
    // OpenSSL accepts a CA file without a certificate, and then trusts no server at all.
    attempt(
      () => new X509Certificate(file),
      () => notPem(name as 'ca' | 'cert', tls),
    );
  }

  if (key === undefined) return;
  attempt(
    () => createSecureContext({ key }),
    () => notPem('key', tls),
  );
  attempt(
    () => createSecureContext({ cert, key }),
    () => new ConfigError(`the TLS key ${tls.key} does not match the certificate ${tls.cert}`, PAIR_HINT),
  );
}

const PAIR_HINT = 'Set tls.cert and tls.key in the profile to a certificate and its own key.';

function attempt(work: () => unknown, problem: () => ConfigError): void {
  try {
    work();
  } catch (error) {
    throw Object.assign(problem(), { cause: error });
  }
}

function notPem(name: TlsFile, tls: RedisTls): ConfigError {
  const what = name === 'key' ? 'private key without a passphrase' : 'certificate';
  return new ConfigError(
    `the TLS file ${tls[name]} is not a ${what} in PEM form`,
    `Check tls.${name} in the profile: PEM begins with -----BEGIN.`,
  );
}
