import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

import type { CertificateFiles } from './certificates.js';

/** Answers with a promise of much data, and then sends it until the client leaves. */
export interface FloodingServer {
  readonly port: number;
  stop(): Promise<void>;
}

interface FloodingOptions {
  /** Whether to ask `answer` for a greeting. */
  readonly greets?: boolean;
  readonly filler?: number;
  /** TLS starts after `offer`, which answers the first chunk, or the second if there is a greeting. */
  readonly tls?: CertificateFiles & { readonly greeting?: Buffer; readonly offer?: Buffer };
}

/** @param answer what to send after a chunk from the client, or undefined to flood from now on */
export async function startFloodingServer(
  answer: (asked: Buffer, socket: Socket) => Buffer | string | undefined,
  { greets = false, filler = 0x61, tls }: FloodingOptions = {},
): Promise<FloodingServer> {
  const chunk = Buffer.alloc(1024 * 1024, filler);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {
      // The client leaves.
    });
    const serve = (client: Socket): void => {
      const reply = (asked: Buffer): void => {
        const bytes = answer(asked, client);
        if (bytes === undefined) flood(client, chunk);
        else client.write(bytes);
      };

      client.on('data', reply);
      if (greets) reply(Buffer.alloc(0));
    };

    if (tls === undefined) serve(socket);
    else secured(socket, tls).then(serve, () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Start TLS after the client asks for it. */
async function secured(
  socket: Socket,
  { cert, key, greeting, offer }: NonNullable<FloodingOptions['tls']>,
): Promise<TLSSocket> {
  if (greeting !== undefined) socket.write(greeting);
  await once(socket, 'data');
  if (offer !== undefined) socket.write(offer);
  const secure = new TLSSocket(socket, { isServer: true, cert: readFileSync(cert), key: readFileSync(key) });
  return secure.on('error', () => {
    // The client leaves.
  });
}

function flood(socket: Socket, chunk: Buffer): void {
  while (socket.writable && socket.write(chunk));
  if (socket.writable) socket.once('drain', () => flood(socket, chunk));
}
