import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';

import type { Tunnel } from '../../network/tunnel.js';

type Stream = Awaited<ReturnType<AbstractConnector['connect']>>;
type ErrorEmitter = Parameters<AbstractConnector['connect']>[0];

/** A class of connectors for ioredis that connect through the tunnel, to sentinels and their primary too. */
export function connectorThrough(tunnel: Tunnel): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    readonly #options: RedisOptions;

    constructor(options: unknown) {
      const given = options as RedisOptions;
      super(given.disconnectTimeout ?? 0);
      this.#options = given;
    }

    async connect(emit: ErrorEmitter): Promise<Stream> {
      this.connecting = true;
      const { host = 'localhost', port = 6379, sentinels, tls } = this.#options;
      const place = sentinels ? await primaryOf(this.#options, emit) : { host, port };
      const stream = await (tls ? tunnel.connectTls(place, tls) : tunnel.connect(place));
      if (!this.connecting) {
        stream.destroy();
        throw new Error('Connection is closed.');
      }

      stream.once('error', (error: Error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }
  };
}

/** Ask the sentinels in turn. The errors are worded as ioredis's own. */
async function primaryOf(options: RedisOptions, emit: ErrorEmitter): Promise<{ host: string; port: number }> {
  let reason = '';
  for (const { host = 'localhost', port = 26_379 } of options.sentinels ?? []) {
    const sentinel = new Redis({
      ...(options.Connector && { Connector: options.Connector }),
      host,
      port,
      lazyConnect: true,
      enableReadyCheck: false,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      ...(options.sentinelUsername !== undefined && { username: options.sentinelUsername }),
      ...(options.sentinelPassword !== undefined && { password: options.sentinelPassword }),
      ...(options.connectTimeout !== undefined && { connectTimeout: options.connectTimeout }),
      ...(options.sentinelCommandTimeout !== undefined && { commandTimeout: options.sentinelCommandTimeout }),
    });
    let failure: Error | undefined;
    sentinel.on('error', (error: Error) => {
      failure ??= error;
    });
    try {
      await sentinel.connect();
      const reply = (await sentinel.call('SENTINEL', 'get-master-addr-by-name', options.name ?? '')) as string[] | null;
      if (reply !== null) return { host: reply[0]!, port: Number(reply[1]) };
      reason = `${host}:${port} does not know ${options.name}`;
    } catch (error) {
      reason = (failure ?? (error as Error)).message;
      emit('sentinelError', failure ?? (error as Error));
    } finally {
      sentinel.disconnect();
    }
  }

  throw new Error(`All sentinels are unreachable and retry is disabled. Last error: ${reason}`);
}
