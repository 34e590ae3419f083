import { type MemcachedServer, startMemcached } from '../../support/memcached-server.js';
import { expectNewConnections } from './idle.js';
import { startLanes } from './lanes.js';
import { type Lane, Matrix } from './matrix.js';
import { expectReachable } from './tags.js';

describe('every command in front of a Memcached that fails', function () {
  this.timeout('4h');
  let server: MemcachedServer;
  let lanes: readonly Lane[] = [];

  before(async function () {
    server = await startMemcached(this);
    lanes = await startLanes(server.port, (port, prefix) => `memcached://127.0.0.1:${port}?prefix=${prefix}`);
  });

  after(async () => {
    await Promise.all(lanes.map(async (lane) => lane.stop()));
    await server?.stop();
  });

  it('ends in time with an honest answer', async () => new Matrix('Memcached', lanes, ['tags:show']).run());

  it('leaves no tagged entry that a flush of its tag misses', async () => expectReachable('Memcached', lanes[0]!));

  it('continues after the server ended idle connections', async function () {
    await expectNewConnections(this, lanes[0]!);
  });
});
