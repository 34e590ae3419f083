import { expect } from 'chai';

import { until } from '../../../src/testing/suite/stores.js';
import { type Run, start } from '../../support/cli.js';
import { type OwnMongodb, startOwnMongodb } from '../../support/mongodb-server.js';

describe('a MongoDB server that is gone when a tail ends', function () {
  this.timeout(120_000);
  let mongodb: OwnMongodb;

  beforeEach(async function () {
    mongodb = await startOwnMongodb(this, 'java');
  });

  afterEach(async () => {
    mongodb.resume();
    await mongodb.stop();
  });

  async function tailing(...more: string[]): Promise<Run> {
    const env = { CACHECTL_URL: `${mongodb.url}/cachectl-test` };
    const run = start(['events:tail', '--timeout', '2s', ...more], { env });
    const cache = mongodb.client.db('cachectl-test').collection<{ _id: string }>('cache');
    await until(async () => {
      await cache.updateOne(
        { _id: 'probe' },
        { $set: { value: 'i:1;', expires_at: new Date('2100-01-01') } },
        { upsert: true },
      );
      await cache.deleteOne({ _id: 'probe' });
      return run.output().includes('probe');
    });
    return run;
  }

  for (const [how, end] of [
    ['suspended', async (server: OwnMongodb) => server.pause()],
    ['killed', async (server: OwnMongodb) => server.kill()],
  ] as const) {
    it(`${how}: the tail reports a possible gap, and exits 4`, async () => {
      const run = await tailing('--for', '15s');
      await end(mongodb);
      const { code, err } = await run.ended;
      expect(err).to.include('may have been missed');
      expect(code).to.equal(4);
    });
  }

  it('up to the end: the tail reports nothing, and exits 0', async () => {
    const run = await tailing('--for', '8s');
    expect(await run.ended).to.include({ code: 0, err: '' });
  });
});
