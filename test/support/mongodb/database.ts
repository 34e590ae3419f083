import type { Collection, Document } from 'mongodb';

import { randomUUID } from 'node:crypto';

import type { MongodbProfile } from '../../../src/profiles/profile.js';
import type { Store } from '../../../src/stores/contract/store.js';

import { openCodec } from '../../../src/codecs/open.js';
import { openMongodb } from '../../../src/stores/mongodb/store.js';
import { mongodbProfile, type MongodbServer, type StandIn, startMongodb } from '../mongodb-server.js';

export interface AnyDocument extends Document {
  _id: string;
}

/** A database for the enclosing tests: empty before each, dropped at the end. */
export interface TestDatabase {
  readonly name: string;
  server(): MongodbServer;
  entries(): Collection<AnyDocument>;
  locks(): Collection<AnyDocument>;
  profile(more?: Partial<MongodbProfile>): MongodbProfile;
  /** Closed after the test. */
  open(more?: Partial<MongodbProfile>): Store;
  /** For the built program. */
  url(parameters?: string): string;
}

export const PREFIX = 'shop-cache-';

/** Longer than any test, so that a slow machine causes no errors. */
const TIMEOUT_MS = 20_000;

export function withDatabase(standIn: StandIn = 'java'): TestDatabase {
  const name = `cachectl-test-${randomUUID()}`;
  const stores: Store[] = [];
  let server: MongodbServer | undefined;
  const collection = (of: string): Collection<AnyDocument> => server!.client.db(name).collection<AnyDocument>(of);
  const profile = (more: Partial<MongodbProfile> = {}): MongodbProfile =>
    mongodbProfile(server!, PREFIX, { database: name, ...more });

  before(async function () {
    server = await startMongodb(this, standIn);
  });

  afterEach(async () => {
    await Promise.all(stores.splice(0).map(async (store) => store.close()));
    await Promise.all([collection('cache').deleteMany({}), collection('cache_locks').deleteMany({})]);
  });

  after(async () => {
    await server?.client.db(name).dropDatabase();
    await server?.stop();
  });

  return {
    name,
    server: () => server!,
    entries: () => collection('cache'),
    locks: () => collection('cache_locks'),
    profile,
    open(more) {
      const store = openMongodb(profile(more), openCodec('php'), { timeoutMs: TIMEOUT_MS });
      stores.push(store);
      return store;
    },
    url: (parameters = `prefix=${PREFIX}`) => urlOf(server!.url, `database=${name}`, parameters),
  };
}

/** Add parameters to a URL. */
export function urlOf(url: string, ...parameters: readonly string[]): string {
  const [base = '', options = ''] = url.split('?');
  return `${base.replace(/\/$/, '')}/?${[options, ...parameters].filter(Boolean).join('&')}`;
}

/** The date that many seconds from now. */
export function inSeconds(seconds: number): Date {
  return new Date(Date.now() + seconds * 1000);
}
