import type { ConnectionOptions } from 'node:tls';

import { connect, isIP, type NetConnectOpts, type Socket } from 'node:net';

import type { MemcachedServer } from '../../../profiles/profile.js';
import type { Tunnel } from '../../network/tunnel.js';
import type { Target } from './target.js';

import { deferred, withTimeout } from '../../../async.js';
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
  const { location, timeoutMs, tunnel, server } = target;
  // The timeout is for the server.
  await tunnel?.ready();
  if (tunnel !== undefined && 'host' in server) return dialThrough(tunnel, target, signal, read);
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

/** Like `dial`, through a tunnel. */
async function dialThrough(
  tunnel: Tunnel,
  { server, tls, location, timeoutMs }: Target,
  signal: AbortSignal,
  read: (chunk: Buffer) => void,
): Promise<Socket> {
  const place = server as Extract<MemcachedServer, { host: string }>;
  const given = deferred<never>();
  signal.addEventListener('abort', () => given.reject(closed(location)), { once: true });
  const opening = opened(tunnel, place, tls);
  try {
    const socket = await withTimeout(Promise.race([opening, given.promise]), timeoutMs, () => notConnected(location));
    return socket.on('data', read);
  } catch (error) {
    // It may still be connecting.
    opening.then((socket) => socket.destroy()).catch(() => {});
    if (error instanceof CachectlError) throw error;
    throw tls === undefined ? translated(error, location) : handshakeFailed(error, location);
  }
}

async function opened(
  tunnel: Tunnel,
  { host, port }: { readonly host: string; readonly port: number },
  tls: Target['tls'],
): Promise<Socket> {
  if (tls === undefined) return tunnel.connect({ host, port });
  const { readTlsFiles } = await import('../../network/tls-files.js');
  return tunnel.connectTls({ host, port }, { ...(await readTlsFiles(tls)), rejectUnauthorized: tls.verify });
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
