import type { Socket } from 'node:net';

import { CachectlError, RefusedError, TimeoutError, UnreachableError } from '../../errors.js';
import { type Endpoint, endpointText } from './endpoint.js';
import { connected, type ConnectTerms, type Deadline } from './tcp.js';

/** A first request that shows whether the server is the expected product. */
export interface Greeting {
  /** `Redis`. */
  readonly product: string;
  readonly hello: Buffer;
  /** Whether `text` (Latin-1) is a complete reply that only this product sends. */
  isAnswer(text: string): boolean;
}

/** In bytes. No first reply is longer. */
const MAX_BYTES = 4096;

/**
 * The reply to the greeting, as Latin-1.
 * @throws RefusedError if another product answered
 * @throws UnreachableError if the server closed the connection
 * @throws TimeoutError if it did not answer
 */
export async function greeted(
  socket: Socket,
  endpoint: Endpoint,
  { product, hello, isAnswer }: Greeting,
  deadline: Deadline,
): Promise<string> {
  const where = endpointText(endpoint);
  const received: Buffer[] = [];
  const text = (): string => Buffer.concat(received).toString('latin1');
  const answered = new Promise<string>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      const size = received.reduce((sum, { length }) => sum + length, 0);
      if (isAnswer(text())) resolve(text());
      else if (size > MAX_BYTES || nameOf(text()) !== undefined) reject(otherProtocol(where, product, text()));
    });
    socket.once('error', (error) => reject(hungUp(where, product, error)));
    socket.once('close', () =>
      reject(received.length > 0 ? otherProtocol(where, product, text()) : hungUp(where, product)),
    );
  });
  socket.write(hello);
  try {
    return await deadline.bound(answered, (seconds) =>
      received.length > 0 ? otherProtocol(where, product, text()) : unanswered(where, product, seconds),
    );
  } finally {
    socket.removeAllListeners('data');
  }
}

/** Whether a server that failed the TLS handshake answers without TLS. False if that fails, too. */
export async function answersPlainly(
  endpoint: Endpoint,
  { greeting, ...terms }: ConnectTerms & { readonly greeting: Greeting },
  deadline: Deadline,
): Promise<boolean> {
  try {
    const socket = await connected(endpoint, terms, deadline);
    try {
      await greeted(socket, endpoint, greeting, deadline);
      return true;
    } finally {
      socket.destroy();
    }
  } catch (error) {
    if (error instanceof CachectlError) return false;
    throw error;
  }
}

/** Whether a server that did not answer without TLS completes a TLS handshake. False if that fails, too. */
export async function speaksTls(endpoint: Endpoint, terms: ConnectTerms, deadline: Deadline): Promise<boolean> {
  const { connect } = await import('node:tls');
  let socket: Socket;
  try {
    socket = await connected(endpoint, terms, deadline);
  } catch (error) {
    if (error instanceof CachectlError) return false;
    throw error;
  }

  const secured = connect({ socket, rejectUnauthorized: false });
  const agreed = new Promise<boolean>((resolve) => {
    secured.once('secureConnect', () => resolve(true));
    secured.once('error', () => resolve(false));
    secured.once('close', () => resolve(false));
    setTimeout(() => resolve(false), Math.min(deadline.leftMs, PROBE_MS)).unref();
  });
  try {
    return await agreed;
  } finally {
    secured.destroy();
  }
}

/** In milliseconds. A probe for a better hint must not take longer. */
const PROBE_MS = 500;

/** The product behind a reply. The first match counts. */
const PRODUCTS: ReadonlyArray<readonly [answer: RegExp, product: string]> = [
  [/^HTTP\/\d|^<!doctype|^<html/i, 'a web server (HTTP)'],
  [/^SSH-\d/, 'an SSH server'],
  [/^.{3}\0\n\d+\.\d+|^.{3}\0\u00FF/s, 'a MySQL server'],
  [/^ERROR\r\n/, 'a Memcached server'],
  [/^-(?:ERR|NOAUTH|DENIED|LOADING|NOPERM|MISCONF|MASTERDOWN)\b|^\+PONG\r\n/, 'a Redis server'],
  [/^220[ -].*(?:SMTP|ESMTP|FTP)/i, 'a mail or FTP server'],
];

/** The first bytes of TLS records: an alert, and a handshake. */
const TLS_RECORDS = ['\u0015\u0003', '\u0016\u0003'];

/** Undefined for an unknown product. */
function nameOf(answer: string): string | undefined {
  if (TLS_RECORDS.some((head) => answer.startsWith(head))) return 'a server that requires TLS';
  return PRODUCTS.find(([pattern]) => pattern.test(answer))?.[1];
}

function otherProtocol(where: string, product: string, answer: string): RefusedError {
  const name = nameOf(answer) ?? `an unknown server (it sent ${JSON.stringify(answer.slice(0, 40))})`;
  return new RefusedError(`${where} is ${name}, not ${product}`, 'Check the host and the port.');
}

function hungUp(where: string, product: string, cause?: Error): UnreachableError {
  return new UnreachableError(
    `${where} accepted the connection and closed it`,
    `Check that this is the port of ${product}. The server may also require TLS, be at its client limit, or refuse this ` +
      'address: check its log.',
    { cause },
  );
}

function unanswered(where: string, product: string, seconds: string): TimeoutError {
  return new TimeoutError(
    `${where} accepted the connection, but did not answer within ${seconds}`,
    `Check that this is the port of ${product}, whether it requires TLS, and the load of the server.`,
  );
}
