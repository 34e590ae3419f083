import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** What a proxy does with the bytes of a connection. */
export interface OnTheWay {
  /** Called with bytes from the client, which are forwarded unchanged. */
  asked(chunk: Buffer): void;
  /** Returns the bytes for the client; empty to drop them. */
  answered(chunk: Buffer): Buffer | string;
}

/** Start a proxy on a free local port. */
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
