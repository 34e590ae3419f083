import type { Collection } from 'mongodb';

import type { Measurement, Scale } from '../measurement.js';

import { type MongodbServer, startOwnMongodb } from '../../test/support/mongodb-server.js';
import { cachectl, type Run } from '../peak-memory.js';
import { required } from '../servers.js';
import { compared, memory, OTHERS, PREFIX, short } from './compare.js';

/** A tenth of the other stores' size, because the substitute for MongoDB is slow. */
export const SHARE = 10;

/** The date field of entries. */
export const EXPIRY = 'expires_at';

/** Documents per insertion. */
const CHUNK = 10_000;

/** `flush` by prefix, compared with one deleteMany. */
export async function* measureMongodb({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const [some, more] = [entries / SHARE, many / SHARE].map((number) => Math.ceil(number)) as [number, number];
  const server = await startServer();
  try {
    const collection = server.client.db('bench').collection<{ _id: string }>('cache');
    await seed(collection, PREFIX, some);
    await seed(collection, OTHERS, some);
    const ours = await flush(server, some);
    await seed(collection, PREFIX, some);
    const begin = performance.now();
    await collection.deleteMany({ _id: { $regex: `^${PREFIX}` } });
    const seconds = (performance.now() - begin) / 1000;
    const what = `flush, ${short(some)} of ${short(2 * some)} documents, ${server.name}`;
    yield compared(what, ours, { name: 'one deleteMany', seconds });
    await collection.deleteMany({});
    await seed(collection, PREFIX, more);
    yield memory(`flush, ${short(some)} documents, ${server.name}`, ours, await flush(server, more));
  } finally {
    await server.stop();
  }
}

/** Start the server of the tests. */
export async function startServer(): Promise<MongodbServer> {
  return startOwnMongodb(required('no mongod, and nothing that stands in for it: sh scripts/test-mongodb.sh'), 'java');
}

async function seed(collection: Collection<{ _id: string }>, prefix: string, entries: number): Promise<void> {
  const expires = new Date(Date.now() + 86_400_000);
  for (let first = 0; first < entries; first += CHUNK) {
    const documents = Array.from({ length: Math.min(CHUNK, entries - first) }, (_, index) => {
      const key = `${prefix}users:${first + index}:profile`;
      return { _id: key, value: 's:4:"text";', [EXPIRY]: expires };
    });
    await collection.insertMany(documents, { ordered: false });
  }
}

async function flush(server: MongodbServer, entries: number): Promise<Run> {
  const url = `${server.url}/bench?prefix=${PREFIX}`;
  const run = await cachectl(['flush', '--yes', '--json', '--url', url]);
  const { removed } = JSON.parse(run.out) as { removed: number };
  if (removed !== entries) throw new Error(`flush removed ${removed}, not ${entries}`);
  return run;
}
