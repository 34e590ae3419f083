import type { Socket } from 'node:net';

/** The first bytes that a server sent are not of the expected protocol. */
export class OtherProtocolError extends Error {
  constructor() {
    super('another protocol');
  }
}

/**
 * Destroys the socket with an OtherProtocolError, since a client library may wait for the rest of a long message.
 * @param isExpected of the first bytes, at least one
 */
export function expectFirstBytes(socket: Socket, isExpected: (first: Buffer) => boolean): Socket {
  socket.once('data', (first: Buffer) => {
    if (!isExpected(first)) socket.destroy(new OtherProtocolError());
  });
  return socket;
}
