import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy whose connections can be cut. */
export interface BreakableProxy {
  readonly port: number;
  /** The number of messages from clients. */
  readonly asked: number;
  /** End every connection and refuse new ones until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Forward the next message with `word`, then end that connection, so that the answer is lost. */
  loseAnswerTo(word: string): void;
  close(): Promise<void>;
}

/** Start a proxy on a free local port. */
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
        // The end of the connection tells the other side.
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
