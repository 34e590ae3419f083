import type { LookupAddress } from 'node:dns';

import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';

import type { Finding } from '../contract/store.js';

import { CachectlError, TimeoutError, UnreachableError } from '../../errors.js';
import { failed, ok } from '../doctor/findings.js';

/** Where a server listens: a host and its port, or a socket of the file system. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly socket: string };

/** The time that all the steps to a server have together, in milliseconds of `performance.now()`. */
export class Deadline {
  readonly #at: number;
  readonly #allowedMs: number;

  constructor(timeoutMs: number) {
    this.#allowedMs = timeoutMs;
    this.#at = performance.now() + timeoutMs;
  }

  /** At least one millisecond, so that what is late fails by its own step. */
  get leftMs(): number {
    return Math.max(1, this.#at - performance.now());
  }

  /** @throws TimeoutError made by `late` when `work` takes longer than there is left, or than `atMostMs` */
  async bound<T>(work: Promise<T>, late: (seconds: string) => CachectlError, atMostMs = Infinity): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_, reject) => {
      const fail = (): void => reject(late(`${this.#allowedMs / 1000} s`));
      timer = setTimeout(fail, Math.min(this.leftMs, atMostMs));
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** `cache.internal:6379`, `[::1]:6379`, `/run/redis.sock`. */
export function endpointText(endpoint: Endpoint): string {
  if ('socket' in endpoint) return endpoint.socket;
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
}

/** What a name stands for, as every program here finds it (hosts file included); of an address there is nothing to say. */
export async function resolved(endpoint: Endpoint, deadline: Deadline): Promise<Finding | undefined> {
  if ('socket' in endpoint || isIP(endpoint.host) !== 0) return undefined;
  const { host } = endpoint;
  const { lookup } = await import('node:dns/promises');
  const started = performance.now();
  try {
    const asked = lookup(host, { all: true });
    asked.catch(() => {
      // Whoever gave up on it was told why.
    });
    const addresses = await deadline.bound(asked, (seconds) => unresolved(host, seconds));
    const list = addresses.map(({ address }) => address).join(', ');
    return ok('resolve', `${host} is ${list} (${families(addresses)}), found within ${millisecondsSince(started)} ms`);
  } catch (error) {
    if (error instanceof CachectlError) return failed('resolve', error);
    return failed('resolve', unknownName(host, error));
  }
}

/**
 * A socket that is open. Whoever gets it destroys it.
 * @throws UnreachableError, TimeoutError
 */
export async function connected(endpoint: Endpoint, deadline: Deadline): Promise<Socket> {
  const where = endpointText(endpoint);
  const socket = connect('socket' in endpoint ? { path: endpoint.socket } : { ...endpoint, noDelay: true });
  socket.on('error', () => {
    // The step that is under way hears of it by itself.
  });
  try {
    await deadline.bound(once(socket, 'connect'), (seconds) => silent(where, seconds));
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof CachectlError ? error : notConnected(where, error);
  }
}

export function millisecondsSince(started: number): number {
  return Math.max(1, Math.round(performance.now() - started));
}

function families(addresses: readonly LookupAddress[]): string {
  return [...new Set(addresses.map(({ family }) => `IPv${family}`))].sort().join(' and ');
}

function unresolved(host: string, seconds: string): TimeoutError {
  return new TimeoutError(
    `nobody said within ${seconds} what ${host} is`,
    'The name servers do not answer: check the network, and /etc/resolv.conf.',
  );
}

function unknownName(host: string, cause: unknown): UnreachableError {
  const { code } = cause as NodeJS.ErrnoException;
  // EAI_AGAIN: no name server could be asked; anything else is an answer.
  if (code === 'EAI_AGAIN') {
    const hint = 'The name servers cannot be asked: check the network and /etc/resolv.conf, or give the address.';
    return new UnreachableError(`${host} cannot be looked up for now`, hint, { cause });
  }

  const hint = 'Check the host in the profile or URL; inside a container, names of the outside may not be known.';
  return new UnreachableError(`there is no host ${host}`, hint, { cause });
}

function silent(where: string, seconds: string): TimeoutError {
  return new TimeoutError(
    `${where} did not take the connection within ${seconds}`,
    'A firewall may drop what is sent there, or the address is nobody’s. Check both; --timeout 30s waits longer.',
  );
}

function notConnected(where: string, error: unknown): UnreachableError {
  // Node tries IPv6 and IPv4 and tells of both in one.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { code = '' } = first as NodeJS.ErrnoException;
  const [what, hint] = REASONS[code] ?? [`cannot be connected to (${code || String(first)})`, 'Check host and port.'];
  return new UnreachableError(`${where} ${what}`, hint, { cause: error });
}

const REASONS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EACCES: ['may not be opened by this user', 'Check the permissions of the socket and of its folder.'],
  ECONNREFUSED: [
    'refuses connections',
    'Is the server running, is the port right, and does it listen on that address (bind)?',
  ],
  ECONNRESET: ['closed the connection at once', 'Look at its log: it may be full, or refuse this address.'],
  EHOSTUNREACH: ['cannot be reached from here', 'Check the network and firewalls.'],
  ENETUNREACH: ['cannot be reached from here', 'Check the network and firewalls.'],
  ENOENT: ['is no socket: there is no such file', 'Check the path of the socket, and whether the server runs.'],
  ENOTSOCK: ['is no socket', 'Check the path of the socket.'],
};
