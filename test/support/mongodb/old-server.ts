import { BSON } from 'mongodb';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** The hello reply of MongoDB 4.0: wire version 7. It understands nothing else. */
const GREETING = {
  ismaster: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  minWireVersion: 0,
  maxWireVersion: 7,
  ok: 1,
};

const OP_REPLY = 1;
/** Length, request id, id of the request answered, code; then flags, cursor (8), first document, count. */
const HEADER = 36;

/** A server of a version that cannot be installed: it answers hello and nothing else. */
export class OldServer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(): Promise<OldServer> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('data', (request) => socket.write(greeting(request.readInt32LE(4))));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new OldServer(server, sockets);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function greeting(answers: number): Buffer {
  const document = BSON.serialize(GREETING);
  const reply = Buffer.alloc(HEADER + document.length);
  reply.writeInt32LE(reply.length, 0);
  reply.writeInt32LE(answers, 8);
  reply.writeInt32LE(OP_REPLY, 12);
  reply.writeInt32LE(1, 32);
  reply.set(document, HEADER);
  return reply;
}
