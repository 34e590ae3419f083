import { readFile } from 'node:fs/promises';

import type { MemcachedProfile } from '../../../profiles/profile.js';
import type { Target } from './target.js';

import { type CachectlError, ConfigError, UnreachableError } from '../../../errors.js';
import { translated } from '../errors.js';

export type TlsProfile = NonNullable<MemcachedProfile['tls']>;

type TlsFiles = Partial<Record<'ca' | 'cert' | 'key', Buffer>>;

/** Read the files of `tls`. @throws ConfigError */
export async function readTlsFiles({ ca, cert, key }: TlsProfile): Promise<TlsFiles> {
  const read: TlsFiles = {};
  for (const [name, file] of Object.entries({ ca, cert, key })) {
    if (file === undefined) continue;
    read[name as keyof TlsFiles] = await readFile(file).catch((error: unknown) => {
      const hint = `Check tls.${name} in the profile.`;
      throw new ConfigError(`the TLS file ${file} cannot be read`, hint, { cause: error });
    });
  }

  return read;
}

/** A failure before the end of the TLS handshake. */
export function notSecured(error: unknown, { location }: Target): CachectlError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const isNetwork = /^E[A-Z_]+$/.test(code) && !code.startsWith('ERR_') && code !== 'ECONNRESET' && code !== 'EPROTO';
  if (isNetwork) return translated(error, location);
  const hint = 'Check tls in the profile (ca, verify), and that the port speaks TLS: cachectl doctor shows each step.';
  return new UnreachableError(`${location}: TLS handshake failed: ${reasonOf(code, message)}`, hint, { cause: error });
}

function reasonOf(code: string, message: string): string {
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|RECORD_LAYER/.test(code)) return 'the port does not speak TLS';
  if (code === 'ECONNRESET') return 'the server closed the connection';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'the certificate is for another host';
  return code === '' ? message : code;
}
