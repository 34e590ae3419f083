import type { Socket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

import { once } from 'node:events';
import { createServer, isIP } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

import type { SshTunnel } from '../../profiles/profile.js';
import type { OpenOptions, Store } from '../contract/store.js';

import { CachectlError, UnreachableError } from '../../errors.js';
import { failed, ok } from '../doctor/findings.js';
import { endpointText } from './endpoint.js';
import { throughSocks } from './socks.js';
import { commandOf, type Ssh, startSsh } from './ssh.js';

/** What the caller of a driver on a network sets. */
export interface NetworkOptions extends OpenOptions {
  /** Undefined: connect directly. */
  readonly tunnel?: Tunnel | undefined;
}

/** Milliseconds that ssh takes to end after it closed its sockets. */
const LAST_MS = 250;

interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Connections through a bastion: a SOCKS proxy of ssh on a local port. Starts on first use, and again if ssh ended. Host
 * names are resolved at the bastion.
 */
export class Tunnel {
  /** The bastion, for people. */
  readonly destination: string;
  readonly #settings: SshTunnel;
  readonly #timeoutMs: number;
  #starting: Promise<Ssh> | undefined;
  #ssh: Ssh | undefined;
  #port = 0;

  /** @param timeoutMs to start ssh, unless it asks at a terminal */
  constructor(settings: SshTunnel, timeoutMs: number) {
    this.destination = settings.destination;
    this.#settings = settings;
    this.#timeoutMs = timeoutMs;
  }

  /** Start ssh unless it runs. Returns the port of the SOCKS proxy on 127.0.0.1. @throws CachectlError */
  async ready(): Promise<number> {
    if (this.#ssh?.isRunning === false) this.#starting = undefined;
    this.#starting ??= this.#start();
    await this.#starting;
    return this.#port;
  }

  /** Connect. @throws CachectlError */
  async connect(target: HostAndPort): Promise<Socket> {
    const socket = await throughSocks(await this.ready(), target).catch(async (error: unknown) => {
      throw await this.explained(error, endpointText(target));
    });
    this.#watch(socket);
    return socket;
  }

  /** Connect, with a TLS handshake with the server itself. @throws CachectlError; an error of the handshake */
  async connectTls(target: HostAndPort, options: ConnectionOptions): Promise<TLSSocket> {
    const { connect } = await import('node:tls');
    const { host } = target;
    const socket = await this.connect(target);
    const secured = connect({ ...(isIP(host) === 0 && { servername: host }), host, ...options, socket });
    try {
      await once(secured, 'secureConnect');
    } catch (error) {
      secured.destroy();
      throw await this.explained(error, endpointText(target));
    }

    this.#watch(secured);
    return secured;
  }

  /** Why a connection failed or was lost, as far as ssh knows it; otherwise the error itself. */
  async explained(error: unknown, where: string): Promise<unknown> {
    // What ssh wrote before it closed the socket arrives in the same turn or in the next one.
    await nextTurn();
    await nextTurn();
    const refusal = this.#ssh?.takeRefusal();
    if (refusal === undefined) return (await this.#end()) ?? error;
    const hint = refusal.startsWith('administratively prohibited')
      ? `Its sshd allows no forwarding there: see AllowTcpForwarding and PermitOpen in sshd_config.`
      : `Check the address as the bastion sees it: ${commandOf(this.#settings)}`;
    return new UnreachableError(`${this.destination} cannot connect to ${where}: ${reasonOf(refusal)}`, hint, {
      cause: error,
    });
  }

  close(): void {
    this.#ssh?.stop();
    this.#starting
      ?.then((ssh) => ssh.stop())
      .catch(() => {
        // The caller got the error.
      });
  }

  async #start(): Promise<Ssh> {
    const isFirst = this.#port === 0;
    if (isFirst) this.#port = await freePort();
    try {
      this.#ssh = await startSsh(this.#settings, { port: this.#port, timeoutMs: this.#timeoutMs, mayAsk: isFirst });
      return this.#ssh;
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
  }

  /** Close a socket that ended. The error says whether ssh ended. */
  #watch(socket: Socket): void {
    // The client library reports it, once it listens.
    socket.on('error', ignore);
    const close = async (): Promise<void> => {
      socket.destroy(socket.writableEnded ? undefined : await this.#end());
    };

    socket.once('end', () => {
      close().catch(ignore);
    });
  }

  /** The error if ssh has ended. */
  async #end(): Promise<CachectlError | undefined> {
    const ssh = this.#ssh;
    if (ssh === undefined) return undefined;
    // ssh closes its sockets, then it ends.
    await Promise.race([ssh.ended, sleep(LAST_MS, undefined, { ref: false })]);
    if (ssh.isRunning) return undefined;
    const words = ssh.lastWords === '' ? '' : `: ${ssh.lastWords}`;
    return new UnreachableError(
      `the ssh tunnel through ${this.destination} ended${words}`,
      `Run the command again, or check the bastion by hand: ${commandOf(this.#settings)}`,
    );
  }
}

/** A store whose connections go through the tunnel: `doctor` checks it first, and it ends with the store. */
export function throughTunnel(store: Store, tunnel: Tunnel): Store {
  return {
    ...store,
    location: `${store.location}, through ssh ${tunnel.destination}`,
    async *checkConnection() {
      const started = performance.now();
      try {
        await tunnel.ready();
      } catch (error) {
        if (!(error instanceof CachectlError)) throw error;
        yield failed('ssh tunnel', error);
        return;
      }

      yield ok('ssh tunnel', `${tunnel.destination} in ${Math.max(1, Math.round(performance.now() - started))} ms`);
      yield* store.checkConnection?.() ?? [];
    },
    async close() {
      await store.close();
      tunnel.close();
    },
  };
}

/** ssh's words end with those of the bastion's system: `connect failed: Connection refused`. */
function reasonOf(refusal: string): string {
  return refusal.replace(/^connect failed: /, '');
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function ignore(): void {
  // The client library has its own listener.
}
