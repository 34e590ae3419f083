import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Answers with a promise of much data, and then sends it until the client leaves. */
export interface FloodingServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param answer what to send after a chunk from the client, or undefined to flood from now on */
export async function startFloodingServer(
  answer: (asked: Buffer, socket: Socket) => Buffer | string | undefined,
  { greets = false, filler = 0x61 }: { readonly greets?: boolean; readonly filler?: number } = {},
): Promise<FloodingServer> {
  const chunk = Buffer.alloc(1024 * 1024, filler);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {
      // The client leaves.
    });
    const reply = (asked: Buffer): void => {
      const bytes = answer(asked, socket);
      if (bytes === undefined) flood(socket, chunk);
      else socket.write(bytes);
    };

    socket.on('data', reply);
    if (greets) reply(Buffer.alloc(0));
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

function flood(socket: Socket, chunk: Buffer): void {
  while (socket.writable && socket.write(chunk));
  if (socket.writable) socket.once('drain', () => flood(socket, chunk));
}
