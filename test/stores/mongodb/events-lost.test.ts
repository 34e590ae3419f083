import { expect } from 'chai';

import { type Run, start } from '../../support/cli.js';
import { type OwnMongodb, startOwnMongodb } from '../../support/mongodb-server.js';
import { urlOf } from '../../support/mongodb/database.js';

const DATABASE = 'cachectl-test';

describe('events:tail of a MongoDB server that goes away', function () {
  this.timeout(120_000);
  let server: OwnMongodb;
  let run: Run;

  beforeEach(async function () {
    server = await startOwnMongodb(this, 'java');
    run = start(['events:tail', '--url', urlOf(server.url, `database=${DATABASE}`), '--timeout', '2s']);
    // Until the tail reports it.
    for (let number = 0; !run.output().includes('probe'); number++) {
      expect(run.child.exitCode, 'the run ended too early').to.equal(null);
      await written(`probe${number}`);
    }
  });

  afterEach(async () => {
    run?.child.kill('SIGKILL');
    await server?.stop();
  });

  async function written(key: string): Promise<void> {
    const entries = server.client.db(DATABASE).collection<{ _id: string }>('cache');
    await entries.replaceOne({ _id: key }, { value: 'N;', expires_at: new Date() }, { upsert: true });
  }

  it('continues when it answers again, and misses nothing', async () => {
    await server.pause();
    server.resume();
    await written('afterwards');
    await run.saw('afterwards');
    run.child.kill('SIGINT');
    const { code, err } = await run.ended;
    expect(code).to.equal(130);
    expect(err).not.to.include('missed');
  });

  it('ends at once on the signal, though the server is gone', async () => {
    await server.kill();
    run.child.kill('SIGINT');
    expect((await run.ended).code).to.equal(130);
  });
});
