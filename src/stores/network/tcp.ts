import type { LookupAddress } from 'node:dns';

import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';

import type { Finding } from '../contract/store.js';
import type { Tunnel } from './tunnel.js';

import { withTimeout } from '../../async.js';
import { CachectlError, TimeoutError, UnreachableError } from '../../errors.js';
import { systemCode } from '../../system-errors.js';
import { failed, ok } from '../doctor/findings.js';
import { type Endpoint, endpointText } from './endpoint.js';
import { networkError, networkFault, type TlsTerms } from './errors.js';

/** The time that all steps to a server share. */
export class Deadline {
  readonly #at: number;
  readonly #allowedMs: number;

  constructor(timeoutMs: number) {
    this.#allowedMs = timeoutMs;
    this.#at = performance.now() + timeoutMs;
  }

  /** Milliseconds left; at least 1, so that the step that runs out of time is the one that fails. */
  get leftMs(): number {
    return Math.max(1, this.#at - performance.now());
  }

  /** @throws the error from `late` if `work` takes longer than the time left, or than `atMostMs` */
  async bound<T>(work: Promise<T>, late: (allowed: string) => CachectlError, atMostMs = Infinity): Promise<T> {
    return withTimeout(work, Math.min(this.leftMs, atMostMs), () => late(`${this.#allowedMs / 1000} s`));
  }
}

/** How to reach a server, and how errors name the settings for it. */
export interface ConnectTerms {
  readonly tlsTerms: TlsTerms;
  readonly tunnel?: Tunnel | undefined;
}

/** The addresses of a host name, resolved by the system (with its hosts file). Undefined for an address or a socket. */
export async function resolved(endpoint: Endpoint, terms: TlsTerms, deadline: Deadline): Promise<Finding | undefined> {
  if ('socket' in endpoint || isIP(endpoint.host) !== 0) return undefined;
  const { host } = endpoint;
  const { lookup } = await import('node:dns/promises');
  const started = performance.now();
  try {
    const asked = lookup(host, { all: true });
    asked.catch(() => {
      // After a timeout the caller has that error.
    });
    const addresses = await deadline.bound(asked, (allowed) => unresolved(host, allowed));
    const list = addresses.map(({ address }) => address).join(', ');
    return ok('resolve', `${host} is ${list} (${families(addresses)}), resolved in ${millisecondsSince(started)} ms`);
  } catch (error) {
    return failed('resolve', error instanceof CachectlError ? error : connectError(host, error, terms));
  }
}

/**
 * An open socket. The caller destroys it.
 * @throws UnreachableError, TimeoutError
 */
export async function connected(
  endpoint: Endpoint,
  { tlsTerms: terms, tunnel }: ConnectTerms,
  deadline: Deadline,
): Promise<Socket> {
  const where = endpointText(endpoint);
  if (tunnel !== undefined && 'host' in endpoint) return tunnel.connect(endpoint);
  const socket = connect('socket' in endpoint ? { path: endpoint.socket } : { ...endpoint, noDelay: true });
  socket.on('error', () => {
    // The step that runs reports it.
  });
  try {
    await deadline.bound(once(socket, 'connect'), (allowed) => notConnected(where, allowed));
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof CachectlError ? error : connectError(where, error, terms);
  }
}

export function millisecondsSince(started: number): number {
  return Math.max(1, Math.round(performance.now() - started));
}

function families(addresses: readonly LookupAddress[]): string {
  return [...new Set(addresses.map(({ family }) => `IPv${family}`))].sort().join(' and ');
}

function connectError(where: string, error: unknown, terms: TlsTerms): CachectlError {
  const fault = networkFault(error, terms);
  if (fault !== undefined) return networkError(fault, where, error);
  const message = `${where} cannot be reached (${systemCode(error) ?? String(error)})`;
  return new UnreachableError(message, 'Check host and port.', { cause: error });
}

function unresolved(host: string, allowed: string): TimeoutError {
  return new TimeoutError(
    `no DNS server resolved ${host} within ${allowed}`,
    'Check the network and /etc/resolv.conf, or use an IP address.',
  );
}

function notConnected(where: string, allowed: string): TimeoutError {
  return new TimeoutError(
    `${where} did not accept the connection within ${allowed}`,
    'A firewall may drop the packets, or no host has that address. To allow more time: --timeout 30s',
  );
}
