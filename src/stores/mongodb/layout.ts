import type { Collection, Document } from 'mongodb';

import type { PlaceDoubt } from '../contract/doctor.js';
import type { Finding } from '../contract/store.js';
import type { Connection } from './connection.js';
import type { MongodbContext } from './context.js';
import type { CollectionRole } from './deployment.js';

import { RefusedError } from '../../errors.js';
import { counted, ok, warning } from '../doctor/findings.js';
import { unmade } from './missing-collection.js';

/** The number of documents to check, in the server's natural order. */
const SAMPLE = 20;

/**
 * Check that a collection exists and has documents of mongodb/laravel-mongodb: `_id` is the key, as a string, and
 * `expires_at` a date. Undefined if there is no doubt, or if this user may not read it.
 */
export async function layoutDoubt(context: MongodbContext, role: CollectionRole): Promise<PlaceDoubt | undefined> {
  const { connection } = context;
  const sample = await sampled(connection, role);
  if (sample === undefined) return undefined;
  if (sample.length > 0) return sample.some((each) => isOurs(each)) ? undefined : foreign(connection, role);
  const { database, lockCollection } = connection.profile;
  // Most caches have no locks and so no such collection. Only a configured name can be mistyped.
  if (role === 'locks' && lockCollection === 'cache_locks') return undefined;
  if ((await unmade(context, role)) === undefined) return undefined;
  const key = role === 'locks' ? 'lockCollection' : 'collection';
  return {
    kind: 'unmade',
    message: `database ${database} has no collection ${nameOf(connection, role)} yet`,
    hint: `Check database and ${key} in the profile or URL. If the cache is new, the first write creates it.`,
  };
}

/** Check the layout of a few documents. Nothing for an empty collection, or if this user may not read it. */
export async function* layoutFindings(connection: Connection): AsyncGenerator<Finding> {
  for (const role of ['entries', 'locks'] as const) {
    const sample = (await sampled(connection, role)) ?? [];
    if (sample.length === 0) continue;
    const subject = `layout of ${nameOf(connection, role)}`;
    const others = sample.filter((each) => !isOurs(each)).length;
    const checked = counted(sample.length, 'document', 'documents');
    if (others === 0) {
      yield ok(subject, `all ${checked} checked have a string _id and a date in expires_at`);
    } else {
      const message = `${others.toLocaleString('en')} of the ${checked} checked have another layout: cachectl ignores them`;
      yield warning(subject, message, LAYOUT_HINT);
    }
  }
}

const LAYOUT_HINT =
  'cachectl reads {_id: KEY, value, expires_at: DATE}, as written by mongodb/laravel-mongodb. Check database and collection.';

async function foreign(connection: Connection, role: CollectionRole): Promise<PlaceDoubt> {
  const [found = {}] = await documents(connection, role, { projection: { value: 0 }, limit: 1 });
  return {
    kind: 'foreign',
    message: `the collection ${nameOf(connection, role)} holds documents of another layout, such as ${shapeOf(found)}`,
    hint: LAYOUT_HINT,
  };
}

/** Undefined if this user may not read the collection. */
async function sampled(connection: Connection, role: CollectionRole): Promise<readonly Document[] | undefined> {
  try {
    return await documents(connection, role, { projection: { _id: 1, expires_at: 1 }, limit: SAMPLE });
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

async function documents(
  connection: Connection,
  role: CollectionRole,
  options: { readonly projection: Document; readonly limit: number },
): Promise<readonly Document[]> {
  return connection.run(async (deployment) => (deployment[role] as unknown as Collection).find({}, options).toArray());
}

function nameOf({ profile }: Connection, role: CollectionRole): string {
  return role === 'locks' ? profile.lockCollection : profile.collection;
}

function isOurs({ _id, expires_at: expiry }: Document): boolean {
  const dates: unknown[] = Array.isArray(expiry) ? expiry : [expiry];
  return typeof _id === 'string' && dates.some((each) => each instanceof Date);
}

/** `{_id: ObjectId, key: string, expiration: number}`: no values, which may be secret. */
function shapeOf(document: Document): string {
  const fields = Object.entries(document).slice(0, MAX_FIELDS);
  return `{${fields.map(([name, value]) => `${name}: ${typeOf(value)}`).join(', ')}}`;
}

const MAX_FIELDS = 6;

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'date';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'object' && '_bsontype' in value ? String(value._bsontype) : typeof value;
}
