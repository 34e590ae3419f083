import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a network or a server does to a connection. */
export const FAULTS = [
  'refused',
  'closed on accept',
  'stalled',
  'cut before the request',
  'cut after the request',
  'half an answer',
  'garbage',
  'slow drip',
  'reset',
] as const;

export type FaultName = (typeof FAULTS)[number];

/** Chooses the message from a client that a fault strikes. Called for each message, in order. */
export type Strike = (message: Buffer) => boolean;

/** What a proxy does with the bytes of one connection. */
export interface Filter {
  /** Called with bytes from the client, which are forwarded unchanged. */
  asked(chunk: Buffer): void;
  /** Returns the bytes for the client; empty to drop them. */
  answered(chunk: Buffer): Buffer | string;
}

/** A TCP proxy on a free local port. */
export interface FaultProxy {
  readonly port: number;
  /** The number of connections that were accepted. */
  readonly connections: number;
  /** The number of messages from clients. */
  readonly asked: number;
  /** Have a fault strike the chosen message and everything after it; with `once`, only that connection. */
  inject(fault: FaultName, strike?: Strike, options?: { readonly once?: boolean }): Promise<void>;
  /** End every connection, as servers do with idle ones, and wait until the clients have noticed. */
  endAll(): Promise<void>;
  /** End every connection and refuse new ones until `mend`. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  stop(): Promise<void>;
}

/** Faults and counters that several proxies share, as those in front of the nodes of a cluster do. */
export class FaultPlan {
  connections = 0;
  asked = 0;
  #fault: FaultName | undefined;
  #strike: Strike = () => true;
  #once = false;
  /** Strikes new connections as well. */
  #lasts = false;

  set(fault: FaultName | undefined, strike: Strike, isOnce: boolean): void {
    this.#fault = fault;
    this.#strike = strike;
    this.#once = isOnce;
    this.#lasts = false;
  }

  /** The fault of a connection that is being opened. */
  onAccept(): FaultName | undefined {
    this.connections++;
    return this.#lasts || this.#fault === 'closed on accept' ? this.#fault : undefined;
  }

  /** The fault of a connection from this message on. */
  onMessage(message: Buffer): FaultName | undefined {
    this.asked++;
    const fault = this.#fault;
    if (fault === undefined || !this.#strike(message)) return undefined;
    if (this.#once) this.#fault = undefined;
    else this.#lasts = true;
    return fault;
  }
}

/** Accept connections and never answer, like a server that hangs. */
export async function startSilentServer(): Promise<FaultProxy> {
  const proxy = await startFaultProxy();
  await proxy.inject('stalled');
  return proxy;
}

/** @param to the port of the server; omitted if nothing is behind the proxy */
export async function startFaultProxy(
  to?: number,
  { filter, plan = new FaultPlan() }: { readonly filter?: () => Filter; readonly plan?: FaultPlan } = {},
): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  const listener = createServer((client) => {
    const fault = plan.onAccept();
    clients.add(client.once('close', () => clients.delete(client)));
    if (fault === 'closed on accept') client.on('error', () => {}).destroySoon();
    else new Connection(client, to, { plan, sockets, fault, filter }).start();
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const cut = async (): Promise<void> => {
    if (!listener.listening) return;
    const closed = once(listener, 'close');
    listener.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };

  return {
    port,
    get connections() {
      return plan.connections;
    },
    get asked() {
      return plan.asked;
    },
    async inject(fault, strike = () => true, options = {}) {
      plan.set(fault, strike, options.once ?? false);
      if (fault === 'refused') await cut();
    },
    async endAll() {
      await Promise.all([...clients].map(async (client) => ended(client)));
    },
    cut,
    async mend() {
      listener.listen(port, '127.0.0.1');
      await once(listener, 'listening');
    },
    stop: cut,
  };
}

async function ended(client: Socket): Promise<void> {
  await new Promise((resolve) => {
    client.once('close', resolve).end();
  });
}

/** Milliseconds between two bytes: an answer takes longer than any timeout of a test. */
const DRIP_MS = 100;

interface ConnectionParts {
  readonly plan: FaultPlan;
  readonly sockets: Set<Socket>;
  /** Of the connection from its start. */
  readonly fault: FaultName | undefined;
  readonly filter: (() => Filter) | undefined;
}

class Connection {
  readonly #client: Socket;
  readonly #upstream: Socket | undefined;
  readonly #filter: Filter | undefined;
  #fault: FaultName | undefined;
  #dripped: Promise<unknown> = Promise.resolve();

  readonly #plan: FaultPlan;
  readonly #sockets: Set<Socket>;

  constructor(client: Socket, to: number | undefined, { plan, sockets, fault, filter }: ConnectionParts) {
    this.#client = client;
    this.#upstream = to === undefined ? undefined : connect(to, '127.0.0.1');
    this.#filter = filter?.();
    this.#fault = fault;
    this.#plan = plan;
    this.#sockets = sockets;
  }

  start(): void {
    for (const socket of [this.#client, this.#upstream]) {
      if (socket === undefined) continue;
      this.#sockets.add(socket);
      socket.on('error', () => {
        // The end of the connection tells the other side.
      });
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#client.destroy();
        this.#upstream?.destroy();
      });
    }

    this.#client.on('data', (chunk: Buffer) => {
      const struck = this.#plan.onMessage(chunk);
      this.#fault ??= struck;
      this.#onAsked(chunk);
    });
    this.#upstream?.on('data', (chunk: Buffer) => this.#onAnswered(this.#filter?.answered(chunk) ?? chunk));
  }

  #onAsked(chunk: Buffer): void {
    this.#filter?.asked(chunk);
    if (this.#fault === 'stalled') return;
    if (this.#fault === 'cut before the request') this.#client.end();
    else if (this.#fault === 'reset') this.#client.resetAndDestroy();
    else this.#upstream?.write(chunk);
  }

  #onAnswered(answer: Buffer | string): void {
    if (answer.length === 0) return;
    switch (this.#fault) {
      case 'cut after the request': {
        this.#client.destroy();
        break;
      }

      case 'garbage': {
        this.#client.write(GARBAGE);
        break;
      }

      case 'half an answer': {
        this.#client.end(answer.slice(0, Math.ceil(answer.length / 2)));
        break;
      }

      case 'slow drip': {
        for (const byte of Buffer.from(answer)) this.#drip(byte);
        break;
      }

      case 'stalled': {
        break;
      }

      default: {
        this.#client.write(answer);
      }
    }
  }

  #drip(byte: number): void {
    this.#dripped = this.#dripped.then(async () => {
      if (this.#client.destroyed) return;
      await sleep(DRIP_MS);
      this.#client.write(Buffer.of(byte));
    });
  }
}

/** Belongs to no protocol; the line is what a web server answers. */
const GARBAGE = Buffer.concat([Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.from([0, 255, 128, 7, 13, 10])]);
