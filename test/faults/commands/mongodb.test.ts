import { type MongodbServer, startMongodb } from '../../support/mongodb-server.js';
import { expectNewConnections } from './idle.js';
import { startLanes } from './lanes.js';
import { type Lane, Matrix } from './matrix.js';
import { expectReachable } from './tags.js';

describe('every command in front of a MongoDB that fails', function () {
  this.timeout('4h');
  let server: MongodbServer;
  let lanes: readonly Lane[] = [];

  before(async function () {
    server = await startMongodb(this, 'java');
    lanes = await startLanes(server.port, (port, prefix) => `mongodb://127.0.0.1:${port}/faults?prefix=${prefix}`);
  });

  after(async () => {
    await Promise.all(lanes.map(async (lane) => lane.stop()));
    await server?.stop();
  });

  it('ends in time with an honest answer', async () => new Matrix('MongoDB', lanes).run());

  it('leaves no tagged entry that a flush of its tag misses', async () => expectReachable('MongoDB', lanes[0]!));

  it('continues after the server ended idle connections', async function () {
    await expectNewConnections(this, lanes[0]!);
  });
});
