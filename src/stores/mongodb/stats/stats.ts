import type { Document } from 'mongodb';

import type { ServerStats, StatsOptions, StoreStats } from '../../contract/stats.js';
import type { Connection } from '../connection.js';
import type { MongodbContext } from '../context.js';
import type { Deployment } from '../deployment.js';

import { RefusedError } from '../../../errors.js';
import { hostsOf } from '../connection.js';
import { isNamespaceMissing } from '../errors.js';
import { later } from '../expiry.js';
import { idsUnder } from '../keys.js';
import { collectionFacts, helloFacts, serverFacts } from './server-status.js';

/** The maximum number of documents to count: the server reads the index and the date of each document. */
const MAX_COUNTED = 100_000;

/**
 * Statistics from collStats, dbStats, serverStatus and hello, as far as the user may run them and the server knows
 * them. In a replica set, counters are those of the member that answers.
 */
export async function stats(
  context: MongodbContext,
  { signal, brief = false }: StatsOptions = {},
): Promise<StoreStats> {
  signal?.throwIfAborted();
  const { connection, prefix } = context;
  const { profile } = connection;
  const notes: string[] = [];
  const ask = async (what: string, question: (deployment: Deployment) => Promise<Document>): Promise<Document> =>
    connection.run(question).catch((error: unknown) => {
      // A refusal becomes a note. A lost connection is an error.
      if (!(error instanceof RefusedError)) throw error;
      if (!isNamespaceMissing(error.cause)) notes.push(`${what}: ${error.message}`);
      return {};
    });

  const [collection, server, hello, database] = await Promise.all([
    ask('collStats', async ({ command }) => command('database', { collStats: profile.collection })),
    ask('serverStatus', async ({ command }) => command('server', { serverStatus: 1 })),
    ask('hello', async (deployment) => deployment.hello()),
    brief ? {} : ask('dbStats', async ({ command }) => command('database', { dbStats: 1 })),
  ]);
  const facts: ServerStats = {
    name: hostsOf(profile),
    ...serverFacts(server),
    ...helloFacts(hello),
    ...collectionFacts(collection, database),
  };
  const underPrefix = brief ? undefined : await countUnder(connection, prefix);
  return { servers: [facts], ...(underPrefix !== undefined && { underPrefix }), notes };
}

/** Undefined if there are too many. */
async function countUnder(connection: Connection, prefix: string): Promise<number | undefined> {
  const found = await connection.run(async ({ entries, now }) =>
    entries.countDocuments({ _id: idsUnder(prefix), expires_at: later(now()) }, { limit: MAX_COUNTED + 1 }),
  );
  return found > MAX_COUNTED ? undefined : found;
}
