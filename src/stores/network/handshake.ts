import type { Socket } from 'node:net';

import { CachectlError, RefusedError, TimeoutError, UnreachableError } from '../../errors.js';
import { connected, type Deadline, type Endpoint, endpointText } from './tcp.js';

/** What is said to a server to find out whether it is one of the kind that is meant. */
export interface Greeting {
  /** `Redis`. */
  readonly product: string;
  readonly hello: Buffer;
  /** Whether what came (as latin1) is the whole of an answer that only this kind of server gives. */
  isAnswer(text: string): boolean;
}

/** More than any first answer has, in bytes. */
const MOST = 4096;

/**
 * The answer to the greeting, as latin1.
 * @throws RefusedError when something else answered, UnreachableError when it hung up, TimeoutError when nothing came
 */
export async function greeted(
  socket: Socket,
  endpoint: Endpoint,
  { product, hello, isAnswer }: Greeting,
  deadline: Deadline,
): Promise<string> {
  const where = endpointText(endpoint);
  const heard: Buffer[] = [];
  const text = (): string => Buffer.concat(heard).toString('latin1');
  const answered = new Promise<string>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk);
      const size = heard.reduce((sum, { length }) => sum + length, 0);
      if (isAnswer(text())) resolve(text());
      else if (size > MOST || nameOf(text()) !== undefined) reject(otherProtocol(where, product, text()));
    });
    socket.once('error', (error) => reject(hungUp(where, product, error)));
    socket.once('close', () =>
      reject(heard.length > 0 ? otherProtocol(where, product, text()) : hungUp(where, product)),
    );
  });
  socket.write(hello);
  try {
    return await deadline.bound(answered, (seconds) =>
      heard.length > 0 ? otherProtocol(where, product, text()) : mute(where, product, seconds),
    );
  } finally {
    socket.removeAllListeners('data');
  }
}

/** Whether a server that was greeted over TLS without success answers to the same without it. Never throws. */
export async function answersPlainly(endpoint: Endpoint, greeting: Greeting, deadline: Deadline): Promise<boolean> {
  try {
    const socket = await connected(endpoint, deadline);
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

/** Whether a server that did not answer without TLS would agree on it. Never throws. */
export async function speaksTls(endpoint: Endpoint, deadline: Deadline): Promise<boolean> {
  const { connect } = await import('node:tls');
  let socket: Socket;
  try {
    socket = await connected(endpoint, deadline);
  } catch (error) {
    if (error instanceof CachectlError) return false;
    throw error;
  }

  const secured = connect({ socket, rejectUnauthorized: false });
  const agreed = new Promise<boolean>((resolve) => {
    secured.once('secureConnect', () => resolve(true));
    secured.once('error', () => resolve(false));
    secured.once('close', () => resolve(false));
    setTimeout(() => resolve(false), Math.min(deadline.leftMs, PATIENCE_MS)).unref();
  });
  try {
    return await agreed;
  } finally {
    secured.destroy();
  }
}

/** In milliseconds: what is asked to give a better hint must not cost more than that. */
const PATIENCE_MS = 500;

/** What a server that answers like that is; the first that fits is taken. */
const PRODUCTS: ReadonlyArray<readonly [answer: RegExp, product: string]> = [
  [/^HTTP\/\d|^<!doctype|^<html/i, 'a web server (HTTP)'],
  [/^SSH-\d/, 'an SSH server'],
  [/^.{3}\0\n\d+\.\d+|^.{3}\0\u00FF/s, 'a MySQL server'],
  [/^ERROR\r\n/, 'a Memcached server'],
  [/^-(?:ERR|NOAUTH|DENIED|LOADING|NOPERM|MISCONF|MASTERDOWN)\b|^\+PONG\r\n/, 'a Redis server'],
  [/^220[ -].*(?:SMTP|ESMTP|FTP)/i, 'a mail or FTP server'],
];

/** An alert, and a handshake. */
const TLS_RECORDS = ['\u0015\u0003', '\u0016\u0003'];

/** Undefined of what is not known. */
function nameOf(answer: string): string | undefined {
  if (TLS_RECORDS.some((head) => answer.startsWith(head))) return 'a server that speaks TLS';
  return PRODUCTS.find(([pattern]) => pattern.test(answer))?.[1];
}

function otherProtocol(where: string, product: string, answer: string): RefusedError {
  const name = nameOf(answer) ?? `something else (it sent ${JSON.stringify(answer.slice(0, 40))})`;
  return new RefusedError(`what answers at ${where} is ${name}, not ${product}`, 'Check the host and the port.');
}

function hungUp(where: string, product: string, cause?: Error): UnreachableError {
  return new UnreachableError(
    `${where} took the connection and closed it`,
    `Is that the port of ${product}? It may also be full of clients, refuse this address, or want TLS. Look at its log.`,
    { cause },
  );
}

function mute(where: string, product: string, seconds: string): TimeoutError {
  return new TimeoutError(
    `${where} took the connection, and said nothing within ${seconds}`,
    `Is that the port of ${product}, does it want TLS, and does the server hang? Look at its load.`,
  );
}
