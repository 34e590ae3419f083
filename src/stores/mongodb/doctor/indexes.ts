import type { CreateIndexesOptions } from 'mongodb';

import type { Finding } from '../../contract/store.js';
import type { Connection } from '../connection.js';
import type { Deployment } from '../deployment.js';

import { isUnknown } from '../errors.js';

interface WantedIndex {
  readonly place: 'entries' | 'locks';
  readonly field: 'expires_at' | 'tags';
  readonly options: CreateIndexesOptions;
  /** What happens without it. */
  readonly without: string;
}

const EXPIRY: CreateIndexesOptions = { expireAfterSeconds: 0 };

const WANTED: readonly WantedIndex[] = [
  { place: 'entries', field: 'tags', options: {}, without: 'tags:flush reads the whole collection' },
  { place: 'entries', field: 'expires_at', options: EXPIRY, without: 'expired entries are never removed' },
  { place: 'locks', field: 'expires_at', options: EXPIRY, without: 'expired locks are never removed' },
];

/** Check that the indexes exist. Only `doctor --fix` creates them. */
export async function* indexFindings(connection: Connection): AsyncGenerator<Finding> {
  for (const wanted of WANTED)
    yield await connection.run(async (deployment) => finding(connection, deployment, wanted));
}

async function finding(connection: Connection, deployment: Deployment, wanted: WantedIndex): Promise<Finding> {
  const { place, field, options, without } = wanted;
  const collection = deployment[place];
  const name = collection.collectionName;
  const subject = `index on ${field} of ${name}`;
  const indexes = await indexesOf(deployment, place);
  const found = indexes.find(({ key }) => Object.keys(key)[0] === field);
  if (found !== undefined) {
    const matchesFilter = options.expireAfterSeconds === undefined || found.expireAfterSeconds !== undefined;
    if (matchesFilter) return { subject, state: 'ok', message: `${found.name ?? field} exists` };
    return {
      subject,
      state: 'warning',
      message: `${found.name ?? field} does not remove expired documents: it has no expireAfterSeconds`,
      hint: `Drop it (db.${name}.dropIndex("${found.name ?? field}")), then run doctor --fix.`,
    };
  }

  return {
    subject,
    state: 'warning',
    message: `missing, so ${without}`,
    hint: 'Run doctor --fix to create it.',
    fix: {
      effect: `creates the index on ${field} of ${name}`,
      async apply() {
        await connection.run(async (now) => now[place].createIndex({ [field]: 1 }, options));
      },
    },
  };
}

interface FoundIndex {
  readonly key: Readonly<Record<string, unknown>>;
  readonly name?: string;
  readonly expireAfterSeconds?: unknown;
}

/** Empty for a collection that does not exist yet. */
async function indexesOf(deployment: Deployment, place: 'entries' | 'locks'): Promise<readonly FoundIndex[]> {
  try {
    return (await deployment[place].indexes()) as unknown as readonly FoundIndex[];
  } catch (error) {
    if (isNamespaceMissing(error) || isUnknown(error)) return [];
    throw error;
  }
}

function isNamespaceMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 26;
}
