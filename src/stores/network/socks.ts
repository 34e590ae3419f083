import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * A socket that a SOCKS5 proxy without authentication connected to `host:port` (RFC 1928). The proxy resolves the name.
 * The caller destroys it. A half-open socket: after its end, the caller decides on the error.
 * @throws Error if the proxy cannot be reached or refuses
 */
export async function throughSocks(
  proxyPort: number,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: proxyPort, noDelay: true, allowHalfOpen: true });
  try {
    await once(socket, 'connect');
    socket.write(GREETING);
    const [, method] = await bytes(socket, 2);
    if (method !== NO_AUTHENTICATION) throw new Error('the SOCKS proxy requires authentication');
    socket.write(request(host, port));
    const head = await bytes(socket, 4);
    if (head[1] !== SUCCEEDED) throw new Error(`the SOCKS proxy refused the connection (${head[1]})`);
    await bytes(socket, head[3] === IPV4 ? 4 + 2 : head[3] === IPV6 ? 16 + 2 : (await bytes(socket, 1))[0]! + 2);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const CONNECT = 1;
const SUCCEEDED = 0;

/** Types of addresses. */
const [IPV4, NAME, IPV6] = [1, 3, 4];

const GREETING = Buffer.from([VERSION, 1, NO_AUTHENTICATION]);

/** Addresses go as names too: the proxy resolves both. */
function request(host: string, port: number): Buffer {
  const name = Buffer.from(host);
  return Buffer.from([VERSION, CONNECT, 0, NAME, name.length, ...name, port >> 8, port & 0xff]);
}

async function bytes(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const read = socket.read(count) as Buffer | null;
    if (read?.length === count) return read;
    if (socket.readableEnded || socket.destroyed) throw new Error('the SOCKS proxy closed the connection');
    const over = new AbortController();
    const { signal } = over;
    await Promise.race([once(socket, 'readable', { signal }), once(socket, 'end', { signal })]);
    over.abort();
  }
}
