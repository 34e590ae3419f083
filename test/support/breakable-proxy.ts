import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be cut. */
export interface BreakableProxy {
  readonly port: number;
  /** Messages that clients sent. */
  readonly asked: number;
  /** Ends every connection and refuses new ones, until it is mended. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Hands on what holds `word` next, and then ends that connection, so that its answer is lost. */
  loseAnswerTo(word: string): void;
  close(): Promise<void>;
}

/** A server on a free port of this machine that hands everything on to another. */
export async function startBreakableProxy(to: number): Promise<BreakableProxy> {
  const sockets = new Set<Socket>();
  let asked = 0;
  let lost: string | undefined;
  const proxy = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    let isCut = false;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {
        // It is over; the other side is told by the end.
      });
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }

    client.on('data', (chunk) => {
      asked++;
      upstream.write(chunk);
      if (lost === undefined || !chunk.includes(lost)) return;
      [lost, isCut] = [undefined, true];
    });
    upstream.on('data', (chunk) => {
      if (isCut) client.destroy();
      else client.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const cut = async (): Promise<void> => {
    const closed = once(proxy, 'close');
    proxy.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  return {
    port,
    get asked() {
      return asked;
    },
    cut,
    async mend() {
      proxy.listen(port, '127.0.0.1');
      await once(proxy, 'listening');
    },
    loseAnswerTo(word) {
      lost = word;
    },
    close: cut,
  };
}
