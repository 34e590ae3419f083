import { readFile } from 'node:fs/promises';

import type { RedisTls } from '../../../profiles/profile.js';

import { ConfigError } from '../../../errors.js';

/** The contents of PEM files. */
export type TlsFiles = Partial<Record<'ca' | 'cert' | 'key', Buffer>>;

const NAMES = ['ca', 'cert', 'key'] as const;

/**
 * What the profile names for TLS.
 * @throws ConfigError for a file that cannot be read, is no PEM, or is the key of another certificate
 */
export async function readTlsFiles(tls: RedisTls): Promise<TlsFiles> {
  const files: TlsFiles = {};
  for (const name of NAMES) {
    const file = tls[name];
    if (file === undefined) continue;
    files[name] = await readFile(file).catch((error: unknown) => {
      throw new ConfigError(`the TLS file ${file} cannot be read`, `Check tls.${name} in the profile.`, {
        cause: error,
      });
    });
  }

  if (Object.keys(files).length > 0) await check(files, tls);
  return files;
}

/** The library would only say that the connection failed. */
async function check({ ca, cert, key }: TlsFiles, tls: RedisTls): Promise<void> {
  const [{ createSecureContext }, { X509Certificate }] = await Promise.all([import('node:tls'), import('node:crypto')]);
  for (const [name, file] of Object.entries({ ca, cert })) {
    if (file === undefined) continue;
    // OpenSSL takes a CA file without any certificate, and then trusts nobody.
    attempt(
      () => new X509Certificate(file),
      () => notPem(name as 'ca' | 'cert', tls),
    );
  }

  if (key !== undefined) {
    attempt(
      () => createSecureContext({ key }),
      () => notPem('key', tls),
    );
    attempt(
      () => createSecureContext({ cert, key }),
      () => new ConfigError(`the TLS key ${tls.key} is not that of the certificate ${tls.cert}`, PAIR_HINT),
    );
  }
}

const PAIR_HINT = 'Name a certificate and its own key: tls.cert and tls.key in the profile.';

function attempt(work: () => unknown, problem: () => ConfigError): void {
  try {
    work();
  } catch (error) {
    throw Object.assign(problem(), { cause: error });
  }
}

function notPem(name: (typeof NAMES)[number], tls: RedisTls): ConfigError {
  const what = name === 'key' ? 'private key without a passphrase' : 'certificate';
  return new ConfigError(
    `the TLS file ${tls[name]} is not a ${what} in PEM form`,
    `Check tls.${name} in the profile: PEM begins with -----BEGIN.`,
  );
}
