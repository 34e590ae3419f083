import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { string } from '../../../src/codecs/value.js';
import { UnansweredError, UnreachableError } from '../../../src/errors.js';
import { openMongodb } from '../../../src/stores/mongodb/store.js';
import { all, failure, textOf } from '../../../src/testing/suite/stores.js';
import { cachectl, type Run, start } from '../../support/cli.js';
import { expectFault, reportedCount } from '../../support/faults.js';
import { hasMongodb, mongodbProfile, type OwnMongodb, startOwnMongodb } from '../../support/mongodb-server.js';
import { urlOf } from '../../support/mongodb/database.js';

const DATABASE = 'cachectl-test';

/** How a server fails while a command uses it, and the error. */
const ENDS = {
  killed: { end: async (server: OwnMongodb) => server.kill(), because: /connection .* was lost|refuses connections/ },
  paused: { end: async (server: OwnMongodb) => server.pause(), because: /did not answer in time/ },
} as const;

async function until(holds: () => Promise<boolean>, run: Run): Promise<void> {
  while (!(await holds())) expect(run.child.exitCode, 'the run ended too early').to.equal(null);
}

/** Entries for put --from. */
function lines(from: number): string {
  return Array.from({ length: 2000 }, (_, index) => `{"key":"k${from + index}","value":1}\n`).join('');
}

/** A proxy that forwards everything to the server, but no answers once a request contained `word`. */
async function silentAfter(word: string, port: number): Promise<{ port: number; close(): Promise<void> }> {
  let isSilent = false;
  const sockets: Socket[] = [];
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    sockets.push(client, server);
    for (const socket of [client, server]) socket.on('error', () => socket.destroy());
    client.on('data', (chunk) => {
      isSilent ||= chunk.includes(word);
      server.write(chunk);
    });
    client.on('close', () => server.end());
    server.on('data', (chunk) => {
      if (!isSilent) client.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

/** Unanswered, or without a connection: the driver drops all connections when one of them is silent. */
async function expectLost(attempts: ReadonlyArray<Promise<unknown>>): Promise<void> {
  for (const error of await Promise.all(attempts.map(async (attempt) => failure(attempt)))) {
    expect(error instanceof UnansweredError || error instanceof UnreachableError, String(error)).to.be.true;
  }
}

describe('a MongoDB server that goes away', function () {
  this.timeout(120_000);
  let server: OwnMongodb;
  let url: string;
  const stores: Store[] = [];

  function open(timeoutMs: number): Store {
    const store = openMongodb(mongodbProfile(server, ''), openCodec('php'), { timeoutMs });
    stores.push(store);
    return store;
  }

  beforeEach(async function () {
    server = await startOwnMongodb(this, 'java');
    url = urlOf(server.url, `database=${DATABASE}`);
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map(async (store) => store.close()));
    await server?.stop();
  });

  const count = async (): Promise<number> => server.client.db(DATABASE).collection('cache').countDocuments({});

  async function written(key: string): Promise<void> {
    const entries = server.client.db(DATABASE).collection<{ _id: string }>('cache');
    await entries.replaceOne({ _id: key }, { value: 'N;', expires_at: new Date() }, { upsert: true });
  }

  /** Resolves when the tail reports a write that followed a document which is no entry. */
  async function tailing(run: Run): Promise<void> {
    await server.client.db(DATABASE).collection('cache').insertOne({ value: 'N;' });
    await until(async () => {
      await written('probe');
      return run.output().includes('probe');
    }, run);
  }

  it('refuses connections after a kill between two commands', async () => {
    expect((await cachectl(['put', 'k', 'v', '--url', url])).code).to.equal(0);
    await server.kill();
    expectFault(await cachectl(['get', 'k', '--url', url]), { code: 3, message: 'refuses connections' });
  });

  it('is reconnected after a pause', async () => {
    const store = open(4000);
    await store.put('k', string('v'), 60);
    await server.pause();
    const waiting = [
      store.get('k'),
      store.put('other', string('w'), 60),
      store.lock('l').release('ann'),
      all(store.keys()),
    ];
    await expectLost(waiting);
    server.resume();
    await store.put('k', string('after'), 60);
    expect(textOf(await store.get('k'))).to.equal('after');
  });

  it('can be closed while it is silent', async () => {
    const store = open(3000);
    await store.get('k');
    await server.pause();
    const lost = expectLost([store.get('k'), store.put('k', string('v'), 60), all(store.keys())]);
    await store.close();
    await lost;
  });

  for (const [how, { end, because }] of Object.entries(ENDS)) {
    it(`${how} during put --from: reports how many were stored`, async () => {
      const run = start(['put', '--from', '-', '--url', url, '--timeout', '4s']);
      run.child.stdin.on('error', () => {
        // It ends without having read everything.
      });
      run.child.stdin.write(lines(0));
      await until(async () => (await count()) === 2000, run);
      await end(server);
      run.child.stdin.end(lines(2000));
      const result = await run.ended;
      expectFault(result, { code: 4, message: because });
      // The last writes may be unacknowledged.
      expect(reportedCount('stored', result)).to.be.within(1000, 2000);
    });
  }

  it('does not end a tail without writes that waits longer than any timeout', async () => {
    const run = start(['events:tail', '--url', url, '--timeout', '1s']);
    await tailing(run);
    // The silent phase itself.
    await sleep(3000);
    await written('afterwards');
    await run.saw('afterwards');
    run.child.kill('SIGINT');
    expect((await run.ended).code).to.equal(130);
  });

  it('silent during an acquire: reports the outcome as unknown', async () => {
    const proxy = await silentAfter('deploy', server.port);
    try {
      const through = `mongodb://127.0.0.1:${proxy.port}/?directConnection=true&database=${DATABASE}`;
      const args = ['lock:acquire', 'deploy', '--ttl', '1h', '--owner', 'ann', '--timeout', '1s'];
      expectFault(await cachectl([...args, '--url', through]), {
        code: 3,
        message: 'deploy may or may not have been acquired for ann',
      });
    } finally {
      await proxy.close();
    }

    const { err } = await cachectl(['lock:acquire', 'deploy', '--ttl', '1h', '--url', url]);
    expect(err).to.include('ann');
  });

  it('refuses an unknown user', async () => {
    const result = await cachectl(['get', 'k', '--url', url.replace('//', '//shop:hunter2-secret@')]);
    expectFault(result, {
      code: 3,
      message: hasMongodb()
        ? 'refused the user name or password'
        : 'does not support authentication, but the profile has a user',
    });
    expect(result.err).not.to.include('hunter2-secret');
  });

  it('in another replica set: fails at once', async () => {
    const wrong = urlOf(server.url, `database=${DATABASE}`, 'replicaSet=rs9');
    const result = await cachectl(['get', 'k', '--timeout', '10m', '--url', wrong]);
    expectFault(result, { code: 2, message: 'is not a member of the replica set rs9', hint: 'replicaSet' });
  });
});
