import type { Context } from 'mocha';

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
   * @param hosts the addresses and host names that it is for
   */
  selfSigned(name: string, ...hosts: readonly string[]): CertificateFiles {
    const [cert, key] = [path.join(this.#folder, `${name}.pem`), path.join(this.#folder, `${name}.key`)];
    const names = hosts.map((host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`);
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names.join(',')}`];
    const files = ['-keyout', key, '-out', cert];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...files, ...subject];
    execFileSync(this.#openssl, request, { stdio: 'ignore' });
    return { cert, key };
  }

  /** Write a file that is not PEM. */
  notPem(name: string): string {
    const file = path.join(this.#folder, `${name}.txt`);
    writeFileSync(file, 'not a certificate\n');
    return file;
  }

  /** Write a file with the contents of others. */
  joined(name: string, ...files: readonly string[]): string {
    const file = path.join(this.#folder, `${name}.both`);
    writeFileSync(file, files.map((each) => readFileSync(each, 'utf8')).join(''));
    return file;
  }

  remove(): void {
    rmSync(this.#folder, { force: true, recursive: true });
  }
}
