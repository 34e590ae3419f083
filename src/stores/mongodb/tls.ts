import type { MongoOptions } from 'mongodb';

import { checkTlsFiles, readTlsFile } from '../network/tls-files.js';

interface Files {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly passphrase?: string;
}

const HINT = 'Check tlsCAFile and tlsCertificateKeyFile in the URL.';
const PAIR = 'tlsCertificateKeyFile';
const URL_OPTIONS = { settings: { ca: 'tlsCAFile', cert: PAIR, key: PAIR }, place: 'in the URL' };

/**
 * The TLS files that a connection string names. The official driver trusts no server if the CA file has no
 * certificate, and reports other unusable files as a failed connection.
 * @throws ConfigError for a file that cannot be read or used
 */
export async function tlsFilesOf(options: MongoOptions): Promise<Files> {
  const {
    tlsCAFile,
    tlsCertificateKeyFile,
    tlsCertificateKeyFilePassword: passphrase,
  } = options as MongoOptions & {
    readonly tlsCertificateKeyFilePassword?: string;
  };
  const ca = tlsCAFile === undefined ? undefined : await readTlsFile(tlsCAFile, HINT);
  const pair = tlsCertificateKeyFile === undefined ? undefined : await readTlsFile(tlsCertificateKeyFile, HINT);
  const files = {
    ...(ca && { ca }),
    ...(pair && { cert: pair, key: pair }),
    ...(passphrase !== undefined && { passphrase }),
  };
  const paths = {
    ...(tlsCAFile !== undefined && { ca: tlsCAFile }),
    ...(tlsCertificateKeyFile !== undefined && { cert: tlsCertificateKeyFile, key: tlsCertificateKeyFile }),
  };
  await checkTlsFiles(files, { paths, ...URL_OPTIONS });
  return files;
}
