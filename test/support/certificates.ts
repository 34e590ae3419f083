import type { Context } from 'mocha';

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { requireProgram } from './requirements.js';

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Certificates that are valid for a day, in a temporary folder. */
export class Certificates {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'cachectl-tls-'));
  readonly #openssl: string;

  constructor(context: Context) {
    this.#openssl = requireProgram(context, 'openssl');
  }

  /**
   * Create a certificate that is its own CA.
   * @param host the address or host name that it is for
   */
  selfSigned(name: string, host: string): CertificateFiles {
    const [cert, key] = [path.join(this.#folder, `${name}.pem`), path.join(this.#folder, `${name}.key`)];
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`];
    const files = ['-keyout', key, '-out', cert];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...files, ...subject];
    execFileSync(this.#openssl, request, { stdio: 'ignore' });
    return { cert, key };
  }

  remove(): void {
    rmSync(this.#folder, { force: true, recursive: true });
  }
}
