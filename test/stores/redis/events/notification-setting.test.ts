import type { Redis } from 'ioredis';

import { expect } from 'chai';

import type { RedisConnection } from '../../../../src/profiles/profile.js';
import type { Notifications } from '../../../../src/stores/redis/events/notifications.js';

import { Connection } from '../../../../src/stores/redis/connection.js';
import { turnOn } from '../../../../src/stores/redis/events/notification-setting.js';
import { BOOKKEEPING_KEY } from '../../../../src/stores/redis/keys.js';
import { withRedis } from '../../../support/faults.js';

const SETTING = 'notify-keyspace-events';
const BEFORE = 'AK';
const TIMEOUT_MS = 5000;

/** A connection that can pause after the reply to one of its commands. */
class PausingConnection extends Connection {
  #sent = 0;
  #pause: undefined | (() => Promise<unknown>);
  #after = 0;

  /** @param after the number of the command, from 1 */
  pauseAfter(after: number, work: () => Promise<unknown>): void {
    [this.#sent, this.#after, this.#pause] = [0, after, work];
  }

  /** @returns whether the pause was still to come */
  cancelPause(): boolean {
    const isPending = this.#pause !== undefined;
    this.#pause = undefined;
    return isPending;
  }

  override async dedicated(): Promise<Redis> {
    const redis = await super.dedicated();
    const send = redis.sendCommand.bind(redis);
    redis.sendCommand = async (command) => {
      const reply: unknown = await send(command);
      this.#sent += 1;
      if (this.#pause !== undefined && this.#sent === this.#after) {
        const pause = this.#pause;
        this.#pause = undefined;
        await pause();
      }

      return reply;
    };

    return redis;
  }
}

describe('the notification setting of two tails', () => {
  const redis = withRedis();
  const connections: Connection[] = [];

  beforeEach(async () => {
    await redis().client.flushall();
    await redis().client.config('SET', SETTING, BEFORE);
  });

  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
  });

  const settings = (): RedisConnection => ({
    kind: 'server',
    nodes: [{ host: '127.0.0.1', port: redis().port }],
    database: 0,
  });

  async function flags(): Promise<string> {
    const [, set = ''] = (await redis().client.config('GET', SETTING)) as string[];
    return [...set].sort().join('');
  }

  function connect(): PausingConnection {
    const connection = new PausingConnection(settings(), { timeoutMs: TIMEOUT_MS });
    connections.push(connection);
    return connection;
  }

  const start = async (connection = connect()): Promise<Notifications> => turnOn(connection, { enable: true });

  async function expectOn(tail: Notifications): Promise<void> {
    expect(await flags()).not.to.equal(BEFORE);
    await tail.check();
  }

  async function expectRestored(): Promise<void> {
    expect(await flags()).to.equal(BEFORE);
    expect(await redis().client.exists(BOOKKEEPING_KEY)).to.equal(0);
  }

  /** Each case gets a connection that pauses after its first command, its second, and so on, while it can. */
  async function afterEachCommand(
    pausing: (
      pauseDuring: (work: () => Promise<void>, pause: () => Promise<unknown>) => Promise<void>,
      connection: PausingConnection,
    ) => Promise<void>,
  ): Promise<void> {
    let isOver = false;
    let after = 1;
    for (; !isOver; after += 1) {
      const connection = connect();
      await pausing(async (work, pause) => {
        connection.pauseAfter(after, pause);
        await work();
        isOver = connection.cancelPause();
        if (isOver) await pause();
      }, connection);
      await expectRestored();
    }

    expect(after, 'commands').to.be.greaterThan(5);
  }

  it('lasts while one is left, whenever the other starts while one starts', async () => {
    await afterEachCommand(async (pauseDuring, connection) => {
      let [one, other]: Notifications[] = [];
      await pauseDuring(
        async () => {
          one = await start(connection);
        },
        async () => {
          other = await start();
        },
      );
      await other!.restore();
      await expectOn(one!);
      await one!.restore();
    });
  });

  it('lasts while one is left, whenever the other ends while one starts', async () => {
    await afterEachCommand(async (pauseDuring, connection) => {
      const other = await start();
      let one: Notifications | undefined;
      await pauseDuring(
        async () => {
          one = await start(connection);
        },
        async () => other.restore(),
      );
      await expectOn(one!);
      await one!.restore();
    });
  });

  it('lasts while one is left, whenever the other starts while one ends', async () => {
    await afterEachCommand(async (pauseDuring, connection) => {
      const one = await start(connection);
      let other: Notifications | undefined;
      await pauseDuring(
        async () => one.restore(),
        async () => {
          other = await start();
        },
      );
      await expectOn(other!);
      await other!.restore();
    });
  });

  it('is restored, whenever the other ends while one ends', async () => {
    await afterEachCommand(async (pauseDuring, connection) => {
      const other = await start();
      const one = await start(connection);
      await pauseDuring(
        async () => one.restore(),
        async () => other.restore(),
      );
    });
  });

  for (const [how, work] of [
    ['the server closed an idle connection', closeRegistered],
    ['FLUSHDB removed the bookkeeping', async () => redis().client.flushdb()],
  ] as const) {
    it(`lasts while one is left, if the other comes and goes after ${how}`, async () => {
      const one = await start();
      await work();
      await one.check();
      const other = await start();
      await other.restore();
      await expectOn(one);
      await one.restore();
      await expectRestored();
    });

    it(`lasts while the other is left, if that one came after ${how}`, async () => {
      const one = await start();
      await work();
      await one.check();
      const other = await start();
      await one.restore();
      await expectOn(other);
      await other.restore();
      await expectRestored();
    });

    it(`is restored, whenever the tail ends during a check, after ${how}`, async () => {
      await afterEachCommand(async (pauseDuring, connection) => {
        const one = await start(connection);
        await work();
        let restored: Promise<void> | undefined;
        await pauseDuring(
          async () => one.check(),
          async () => {
            restored = one.restore();
          },
        );
        await restored;
      });
    });
  }

  /** Close the connections by which tails are registered, as a server does after its `timeout`. */
  async function closeRegistered(): Promise<void> {
    const { client } = redis();
    for (const name of await client.hkeys(BOOKKEEPING_KEY)) {
      const [, id] = name.split(':');
      if (id !== undefined) await client.client('KILL', 'ID', Number(id));
    }
  }
});
