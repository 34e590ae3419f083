import type { MongoClient } from 'mongodb';
import type { Socket } from 'node:net';

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { isIPv6 } from 'node:net';

/**
 * A message begins with its length (four bytes, little-endian) and has a header of that many bytes (OP_MSG,
 * OP_REPLY).
 */
const HEADER = 16;

/** maxMessageSizeBytes of all servers. */
const MAX_BYTES = 48_000_000;

/** Node's diagnostics channel for client sockets. */
const CHANNEL = 'net.client.socket';

/**
 * Keep answers that cannot be MongoDB's from the official driver. Its parser takes a length of zero for a complete
 * message, loops forever and fills the memory. This overwrites such a length, and one above the limit, by a length
 * that the driver refuses. It sees TCP and Unix sockets, but none with TLS.
 * @returns stops watching new sockets
 */
export function guardFrames(client: MongoClient): () => void {
  const servers = new Set<string>();
  client.on('serverOpening', ({ address }) => servers.add(address));
  const announced = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    const hosts: string[] = [];
    socket.on('lookup', (_error, _address, _family, host) => hosts.push(host));
    socket.once('connect', () => {
      const { remoteAddress, remotePort } = socket;
      const isOurs =
        remoteAddress === undefined
          ? [...servers].some((server) => server.startsWith('/'))
          : [...hosts, bracketed(remoteAddress)].some((host) => servers.has(`${host}:${remotePort}`));
      if (isOurs) socket.on('data', newGuard());
    });
  };

  subscribe(CHANNEL, announced);
  return () => {
    unsubscribe(CHANNEL, announced);
  };
}

function bracketed(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

/** Check the bytes of a socket. Changes nothing that may be MongoDB's. */
function newGuard(): (chunk: Buffer) => void {
  /** Bytes until the next message. */
  let rest = 0;
  let length = 0;
  let lengthBytes = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (rest > 0) {
        const skipped = Math.min(rest, chunk.length - at);
        rest -= skipped;
        at += skipped;
        continue;
      }

      length += chunk[at]! * 2 ** (8 * lengthBytes);
      lengthBytes++;
      if (lengthBytes === 4) {
        if (length < HEADER || length > MAX_BYTES) {
          // Sets the sign of the length.
          chunk[at] = 0xff;
          rest = Infinity;
        } else rest = length - 4;
        [length, lengthBytes] = [0, 0];
      }

      at++;
    }
  };
}
