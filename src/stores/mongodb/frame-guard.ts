import type { MongoClient } from 'mongodb';
import type { Socket } from 'node:net';

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { isIPv6 } from 'node:net';

/** A message begins with its length in four bytes, little endian, and has a header of this many (OP_MSG, OP_REPLY). */
const HEADER = 16;

/** maxMessageSizeBytes of every server there is. */
const LONGEST = 48_000_000;

/** What Node announces of each client's socket. */
const CHANNEL = 'net.client.socket';

/**
 * Keeps answers that cannot be MongoDB's from the official driver. Its parser takes a message of no length for one that is
 * whole: it never gets past it, and fills the memory without giving a timer its turn. Such a length is written over by one
 * that it refuses; so is one over the limit, for which it would wait until its time is over. Sees sockets without TLS only:
 * of the others Node announces none.
 * @returns ends the watch for new sockets
 */
export function guardFrames(client: MongoClient): () => void {
  const servers = new Set<string>();
  client.on('serverOpening', ({ address }) => servers.add(address));
  const announced = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    const hosts: string[] = [];
    socket.on('lookup', (_error, _address, _family, host) => hosts.push(host));
    socket.once('connect', () => {
      const { remoteAddress = '', remotePort } = socket;
      const isOurs = [...hosts, bracketed(remoteAddress)].some((host) => servers.has(`${host}:${remotePort}`));
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

/** Goes through what one socket receives. Changes nothing of what may be MongoDB's. */
function newGuard(): (chunk: Buffer) => void {
  /** Bytes until the next message begins. */
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
        if (length < HEADER || length > LONGEST) {
          // The highest byte makes it negative.
          chunk[at] = 0xff;
          rest = Infinity;
        } else rest = length - 4;
        [length, lengthBytes] = [0, 0];
      }

      at++;
    }
  };
}
