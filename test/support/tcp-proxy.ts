import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** What becomes of the bytes of one connection on their way. */
export interface OnTheWay {
  /** Called with what the client sends, which goes on as it is. */
  asked(chunk: Buffer): void;
  /** What the client is given in place of this; nothing of an empty one. */
  answered(chunk: Buffer): Buffer | string;
}

/** A server on a free port of this machine that hands everything on to another. */
export async function startTcpProxy(to: number, between: () => OnTheWay): Promise<{ port: number; close(): void }> {
  const proxy = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    const way = between();
    client.on('data', (chunk) => {
      way.asked(chunk);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      const given = way.answered(chunk);
      if (given.length > 0) client.write(given);
    });
    client.on('close', () => upstream.destroy()).on('error', () => {});
    upstream.on('close', () => client.destroy()).on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { port: (proxy.address() as AddressInfo).port, close: () => proxy.close() };
}
