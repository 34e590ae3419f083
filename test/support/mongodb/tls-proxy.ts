import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';

/** TLS in front of a server without it. */
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
    // A client that rejects the certificate.
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
