import type { Document } from 'mongodb';

import type { Finding } from '../../contract/store.js';
import type { Connection } from '../connection.js';
import type { MongodbContext } from '../context.js';

import { RefusedError } from '../../../errors.js';
import { clockFinding } from '../../doctor/clock-skew.js';
import { contentFindings } from '../../doctor/content-findings.js';
import { ok, warning } from '../../doctor/findings.js';
import { SAMPLE } from '../../listing/sampled-contents.js';
import { Entries } from '../entries.js';
import { later } from '../expiry.js';
import { idsUnder } from '../keys.js';
import { layoutFindings } from '../layout.js';
import { indexFindings } from './indexes.js';

/** Check how the deployment is set up, and whether its content matches the profile. */
export async function* diagnose(context: MongodbContext): AsyncGenerator<Finding> {
  const { connection, prefix } = context;
  const hello = await answerOf(connection, { hello: 1 });
  const build = await answerOf(connection, { buildInfo: 1 });
  yield ok('server', `MongoDB ${String(build?.version ?? '?')}, ${kindOf(hello)}`);
  if (hello !== undefined && hello.isWritablePrimary !== true && hello.ismaster !== true) {
    const message = `${String(hello.me ?? 'it')} is a secondary: it refuses writes`;
    const hint = 'Remove directConnection from the URL, and add all members and replicaSet.';
    yield warning('replication', message, hint);
  }

  yield* writeConcern(connection, hello);
  yield ok('memory', 'MongoDB evicts nothing; a TTL index removes expired documents');
  yield* indexFindings(connection);
  if (hello?.localTime instanceof Date) {
    yield await clockFinding(async () => {
      const { localTime } = await connection.run(async (deployment) => deployment.hello());
      return { at: (localTime as Date).getTime(), precisionMs: 1 };
    }, 'cachectl uses the server clock, Laravel its own');
  }

  yield* layoutFindings(connection);
  yield* contentFindings({
    prefix,
    sampledKeys: async (head) => sampledIds(connection, head),
    many: async (keys) => new Entries(context).many(keys),
    // Numbers are stored without a codec.
    decoder: (codec) => codec,
  });
}

/** Undefined if the server does not know the command or this user may not run it. */
async function answerOf(connection: Connection, command: Document): Promise<Document | undefined> {
  try {
    return await connection.run(async (deployment) => deployment.command('server', command));
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

function kindOf(hello: Document | undefined): string {
  if (hello === undefined) return 'unknown type of deployment';
  if (hello.msg === 'isdbgrid') return 'a sharded cluster: shard both collections by _id only';
  if (hello.setName === undefined) return 'a standalone server: no change streams, no failover';
  const members = Array.isArray(hello.hosts) ? hello.hosts.length : 1;
  return `replica set ${String(hello.setName)} of ${members}`;
}

async function* writeConcern(connection: Connection, hello: Document | undefined): AsyncGenerator<Finding> {
  if (hello === undefined || (hello.setName === undefined && hello.msg !== 'isdbgrid')) return;
  const [, configured] = /[?&]w=([^&]*)/.exec(connection.profile.url) ?? [];
  const answer = configured === undefined ? await answerOf(connection, { getDefaultRWConcern: 1 }) : undefined;
  const inherited = (answer?.defaultWriteConcern as undefined | { readonly w?: unknown })?.w;
  const w = configured ?? (inherited === undefined ? undefined : String(inherited));
  const from = configured === undefined ? "the deployment's default" : 'from the URL';
  if (w === undefined) return;
  if (w === 'majority' || Number(w) > 1) {
    yield ok('write concern', `w=${w}, ${from}: an acquired lock survives a failover`);
    return;
  }

  const message = `w=${w}, ${from}: a failover may lose a lock acquired just before`;
  yield warning('write concern', message, 'Add w=majority to the URL.');
}

async function sampledIds(connection: Connection, prefix: string): Promise<string[]> {
  return connection.run(async ({ entries, now }) => {
    const found = entries.find({ _id: idsUnder(prefix), expires_at: later(now()) });
    const documents = await found.project<{ _id: string }>({ _id: 1 }).limit(SAMPLE).toArray();
    return documents.map(({ _id }) => _id);
  });
}
