import { expect } from 'chai';
import { setImmediate } from 'node:timers/promises';

import { RefusedError, TimeoutError, UnreachableError, WrongTypeError } from '../../../src/errors.js';
import { failure } from '../../../src/testing/suite/stores.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { halt } from '../../support/halt.js';
import { startRedis } from '../../support/redis-server.js';
import { redisStores } from '../../support/redis-stores.js';
import { watched } from '../../support/watched-locks.js';

describe('a watch of locks on Redis that fails', () => {
  // A server of its own: its users and settings are changed.
  const stores = redisStores('--databases', '4');

  it('is refused to a user without MONITOR, with an alternative', async () => {
    const store = await stores.openWithout('-monitor');
    const error = await failure(watched(store, 'deploy'));
    expect(error).to.be.instanceOf(RefusedError);
    expect((error as RefusedError).hint).to.include('+monitor');
  });

  it('ends with an error if its server goes away', async function () {
    const own = await startRedis(this, '--databases', '2');
    const watch = await watched(await stores.open({ port: own.port }), 'deploy');
    await own.kill();
    const error = await failure(watch.ended);
    expect(error).to.be.instanceOf(UnreachableError);
    await own.stop();
  });

  it('ends with an error if its server stops answering', async function () {
    const own = await startRedis(this, '--databases', '2');
    const watch = await watched(await stores.open({ port: own.port, timeoutMs: 2000 }), 'deploy');
    const pid = Number(/process_id:(\d+)/.exec(await own.client.info('server'))![1]);
    // They would end the program with a message of Node, but mocha does not report them.
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    await halt(pid);
    try {
      expect(await failure(watch.ended)).to.be.instanceOf(TimeoutError);
      await setImmediate();
      expect(unhandled).to.deep.equal([]);
    } finally {
      process.off('unhandledRejection', onUnhandled);
      process.kill(pid, 'SIGCONT');
      await own.stop();
    }
  });

  it('ends with an error if a proxy filters MONITOR', async () => {
    const proxy = await startFaultProxy(stores.server.port, {
      filter() {
        let isMuted = false;
        return {
          asked(chunk) {
            isMuted ||= chunk.toString().toLowerCase().includes('monitor');
          },
          answered: (chunk) => (isMuted ? '+OK\r\n' : chunk),
        };
      },
    });
    const watch = await watched(await stores.open({ port: proxy.port, timeoutMs: 2000 }), 'deploy');
    expect(await failure(watch.ended))
      .to.be.instanceOf(TimeoutError)
      .with.property('message')
      .that.includes('accepted MONITOR but sends no commands');
    await proxy.stop();
  });

  it('ends with an error if the name is not a lock', async () => {
    const watch = await watched(await stores.open(), 'deploy');
    await stores.server.client.lpush('app-deploy', 'x');
    const error = await failure(watch.ended);
    expect(error).to.be.instanceOf(WrongTypeError);
    expect((error as WrongTypeError).message).to.include('"deploy"');
  });
});
