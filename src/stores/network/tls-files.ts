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

  await checkTlsFiles(files, { paths: tls, ...PROFILE });
  return files;
}

/** Where the files come from, for messages. */
export interface TlsSources {
  readonly paths: Partial<Record<TlsFile, string>>;
  /** The names of the settings. */
  readonly settings: Readonly<Record<TlsFile, string>>;
  /** `in the profile`. */
  readonly place: string;
}

const PEM = '-----BEGIN';

const PROFILE = { settings: { ca: 'tls.ca', cert: 'tls.cert', key: 'tls.key' }, place: 'in the profile' };

/** @throws ConfigError */
export async function readTlsFile(file: string, hint: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    const message = `cannot read the TLS file ${file}: ${systemReason(error)}`;
    throw new ConfigError(message, hint, { cause: error });
  });
}

/**
 * Check that files are PEM and that a key matches its certificate. Client libraries report an unusable file only as a
 * failed connection.
 * @param files with the passphrase of the key, if it has one
 * @throws ConfigError
 */
export async function checkTlsFiles(
  { ca, cert, key, passphrase }: TlsFiles & { readonly passphrase?: string | undefined },
  sources: TlsSources,
): Promise<void> {
  if (ca === undefined && cert === undefined && key === undefined) return;
  const [{ createSecureContext }, { X509Certificate }] = await Promise.all([import('node:tls'), import('node:crypto')]);
  for (const [name, file] of Object.entries({ ca, cert })) {
    if (file === undefined) continue;
    // X509Certificate reads DER too, which OpenSSL ignores in a CA file.
    if (!file.includes(PEM)) throw notPem(name as 'ca' | 'cert', sources);
    // OpenSSL accepts a CA file without a certificate, and then trusts no server at all.
    attempt(
      () => new X509Certificate(file),
      () => notPem(name as 'ca' | 'cert', sources),
    );
  }

  if (key === undefined) return;
  attempt(
    () => createSecureContext({ key, passphrase }),
    () => notPem('key', sources, passphrase),
  );
  attempt(
    () => createSecureContext({ cert, key, passphrase }),
    () => mismatch(sources),
  );
}

function mismatch({ paths: { cert, key }, settings, place }: TlsSources): ConfigError {
  if (cert === key) {
    const message = `the key in the TLS file ${key} does not match the certificate in it`;
    return new ConfigError(message, `Set ${settings.key} ${place} to a file with a certificate and its own key.`);
  }

  const message = `the TLS key ${key} does not match the certificate ${cert}`;
  return new ConfigError(
    message,
    `Set ${settings.cert} and ${settings.key} ${place} to a certificate and its own key.`,
  );
}

function attempt(work: () => unknown, problem: () => ConfigError): void {
  try {
    work();
  } catch (error) {
    throw Object.assign(problem(), { cause: error });
  }
}

function notPem(name: TlsFile, { paths, settings, place }: TlsSources, passphrase?: string): ConfigError {
  const key = passphrase === undefined ? 'private key without a passphrase' : 'private key with that passphrase';
  return new ConfigError(
    `the TLS file ${paths[name]} is not a ${name === 'key' ? key : 'certificate'} in PEM form`,
    `Check ${settings[name]} ${place}: PEM begins with ${PEM}.`,
  );
}
