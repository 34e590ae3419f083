import { expect } from 'chai';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { until } from '../../../src/testing/suite/stores.js';
import { start } from '../../support/cli.js';
import { type MongodbServer, startMongodb } from '../../support/mongodb-server.js';
import { scratchFolder } from '../../support/scratch.js';

const HOUR_MS = 3_600_000;

describe('the wall clock is set while a lock on MongoDB is in use', function () {
  this.timeout(120_000);
  const folder = scratchFolder('clock');
  const flag = path.join(folder, 'is-set');
  let mongodb: MongodbServer;

  before(async function () {
    mongodb = await startMongodb(this, 'java');
  });

  afterEach(async () => {
    rmSync(flag, { force: true });
    await mongodb.client.db('cachectl-test').dropDatabase();
  });

  after(async () => mongodb?.stop());

  /** The environment of a process whose clock jumps by that much once the flag file exists. */
  function clockSetBy(milliseconds: number): Record<string, string> {
    const script = path.join(folder, `set-by-${milliseconds}.cjs`);
    writeFileSync(
      script,
      `const { existsSync } = require('node:fs');
       const { now } = Date;
       Date.now = () => now() + (existsSync(${JSON.stringify(flag)}) ? ${milliseconds} : 0);`,
    );
    return { CACHECTL_URL: `${mongodb.url}/cachectl-test`, NODE_OPTIONS: `--require ${script}` };
  }

  const expiry = async (): Promise<Date | undefined> => {
    const locks = mongodb.client.db('cachectl-test').collection<{ _id: string; expires_at: Date }>('cache_locks');
    return (await locks.findOne({ _id: 'deploy' }))?.expires_at;
  };

  for (const milliseconds of [HOUR_MS, -HOUR_MS]) {
    const direction = milliseconds > 0 ? 'forward' : 'back';

    it(`${direction} by an hour: the holder keeps its lock, and no other process gets it`, async () => {
      const env = clockSetBy(milliseconds);
      const holder = start(['lock:run', 'deploy', '--ttl', '6s', '--', 'sh', '-c', 'echo held; read _'], { env });
      await holder.saw('held');
      const waiter = start(['lock:acquire', 'deploy', '--ttl', '10m', '--wait', '10m'], { env });
      await until(
        async () => (await mongodb.client.db('cachectl-test').collection('cachectl_waiters').countDocuments()) > 0,
      );
      writeFileSync(flag, '');
      // Two renewals by the changed clock.
      for (let times = 0; times < 2; times++) {
        const before = await expiry();
        await until(async () => (await expiry())?.getTime() !== before?.getTime());
      }

      expect(existsSync(flag)).to.equal(true);
      expect(waiter.child.exitCode).to.equal(null);
      expect((await expiry())!.getTime() - Date.now()).to.be.within(1, 10_000);
      holder.child.stdin.end('\n');
      expect(await holder.ended).to.include({ code: 0, out: 'held\n' });
      expect((await waiter.ended).code).to.equal(0);
    });
  }
});
