import { expect } from 'chai';

import { until } from '../../../src/testing/suite/stores.js';
import { cachectl, start } from '../../support/cli.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { startMemcached } from '../../support/memcached-server.js';
import { startRedis } from '../../support/redis-server.js';

describe('watching a lock through an outage', function () {
  this.timeout(120_000);

  for (const [driver, startServer] of [
    ['redis', startRedis],
    ['memcached', startMemcached],
  ] as const) {
    it(`lock:watch on ${driver} reconnects, and reports the gap`, async function () {
      const server = await (driver === 'redis' ? startRedis(this, '--save', '') : startServer(this));
      const proxy = await startFaultProxy(server.port);
      const direct = { env: { CACHECTL_URL: `${driver}://127.0.0.1:${server.port}` } };
      try {
        const url = `${driver}://127.0.0.1:${proxy.port}`;
        const watch = start(['lock:watch', 'deploy', '--timeout', '3s', '--url', url]);
        await until(async () => {
          await cachectl(['lock:acquire', 'deploy', '--ttl', '10m', '--owner', 'ann'], direct);
          return watch.output().includes('ann');
        });
        await proxy.cut();
        await watch.saw('; reconnecting', 'err');
        await cachectl(['lock:release', 'deploy', '--owner', 'ann'], direct);
        await cachectl(['lock:acquire', 'deploy', '--ttl', '10m', '--owner', 'bob'], direct);
        await proxy.mend();
        await watch.saw('may have been missed', 'err');
        await until(() => watch.output().includes('bob'));
        watch.child.kill('SIGTERM');
        const { out } = await watch.ended;
        expect(out).to.match(/released|expired/);
      } finally {
        await proxy.stop();
        await server.stop();
      }
    });
  }
});
