import type { ConnectionOptions } from 'node:tls';

import { connect, isIP, type NetConnectOpts, type Socket } from 'node:net';

import type { Target } from './target.js';

import { CachectlError } from '../../../errors.js';
import { closed, handshakeFailed, notConnected, translated } from '../errors.js';

/** Bytes per read. */
const CHUNK = 65_536;

/**
 * Connect a socket, with TLS if the profile requires it. The caller destroys it.
 * @param signal aborts the attempt
 * @param read receives each chunk; the next one overwrites its bytes
 * @throws UnreachableError, TimeoutError
 */
export async function dial(target: Target, signal: AbortSignal, read: (chunk: Buffer) => void): Promise<Socket> {
  const { location, timeoutMs } = target;
  const socket = await begun(target, read);
  return new Promise((resolve, reject) => {
    const fail = (error: CachectlError): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      reject(error);
    };

    const giveUp = (): void => fail(closed(location));
    const timer = setTimeout(() => fail(notConnected(location)), timeoutMs);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    socket.once('error', (error) => {
      fail(isSecured(target) ? handshakeFailed(error, location) : translated(error, location));
    });
    socket.once(isSecured(target) ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** Unix sockets do not use TLS. */
function isSecured({ server, tls }: Target): boolean {
  return tls !== undefined && !('socket' in server);
}

async function begun(target: Target, read: (chunk: Buffer) => void): Promise<Socket> {
  const { server, tls } = target;
  // All reads share one buffer: with a new one for each chunk, garbage collection would not keep up.
  const onread = {
    buffer: Buffer.allocUnsafeSlow(CHUNK),
    callback(length: number, buffer: Uint8Array) {
      read((buffer as Buffer).subarray(0, length));
      return true;
    },
  };
  if ('socket' in server) return connect({ path: server.socket, onread });
  const { host, port } = server;
  const place = { host, port, noDelay: true, onread } satisfies NetConnectOpts;
  if (tls === undefined) return connect(place);
  const { readTlsFiles } = await import('../../network/tls-files.js');
  const { connect: connectTls } = await import('node:tls');
  const options: ConnectionOptions & { noDelay: boolean } = {
    ...place,
    ...(isIP(host) === 0 && { servername: host }),
    ...(await readTlsFiles(tls)),
    rejectUnauthorized: tls.verify,
  };
  return connectTls(options);
}
