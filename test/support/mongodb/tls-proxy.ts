import type { Context } from 'mocha';

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer, type Server } from 'node:tls';

import { requireProgram } from '../requirements.js';

/** Certificates for an hour, in a folder of their own. */
export class Certificates {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'cachectl-tls-'));
  readonly #openssl: string;

  constructor(context: Context) {
    this.#openssl = requireProgram(context, 'openssl');
  }

  /** Signs itself, so that it is its own CA. @param host `127.0.0.1`, or another address that it is not for */
  selfSigned(name: string, host: string): { readonly cert: string; readonly key: string } {
    const [cert, key] = [path.join(this.#folder, `${name}.pem`), path.join(this.#folder, `${name}.key`)];
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=IP:${host}`];
    const files = ['-keyout', key, '-out', cert];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...files, ...subject];
    execFileSync(this.#openssl, request, { stdio: 'ignore' });
    return { cert, key };
  }

  remove(): void {
    rmSync(this.#folder, { force: true, recursive: true });
  }
}

/** TLS in front of a server that has none. */
export class TlsProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(files: { readonly cert: string; readonly key: string }, target: number): Promise<TlsProxy> {
    const sockets = new Set<Socket>();
    const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, (client) => {
      const plain = connect(target, '127.0.0.1');
      for (const socket of [client, plain]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
      }

      client.pipe(plain).pipe(client);
    }).listen(0, '127.0.0.1');
    // A client that does not like the certificate.
    server.on('tlsClientError', () => {});
    await once(server, 'listening');
    return new TlsProxy(server, sockets);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
