import type { MongodbServer } from '../support/mongodb-server.js';

import { openCodec } from '../../src/codecs/open.js';
import { openMongodb } from '../../src/stores/mongodb/store.js';
import { describeStore } from '../../src/testing/suite.js';
import { hasMongodb, mongodbProfile, startMongodb } from '../support/mongodb-server.js';

const STREAM = ['KeyWritten', 'KeyForgotten', 'LockAcquired', 'LockReleased', 'CacheFlushed'] as const;
const POLL = ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'LockAcquired', 'LockContended', 'LockReleased'] as const;

let server: MongodbServer;

describeStore('mongodb', {
  capabilities: {
    listing: true,
    listingPlaces: true,
    ttls: true,
    tags: true,
    countsTagged: true,
    tagListing: 'members',
    locks: true,
    lockMilliseconds: true,
    lockListing: true,
    lockWaiters: true,
    events: STREAM,
    eventSources: [
      { name: 'stream', types: STREAM, clients: false, tags: true },
      { name: 'poll', types: POLL, clients: false, tags: true },
    ],
    locksToldFromEntries: 'apart',
  },

  inspects: true,

  has: ['entries', 'flushOnly', 'sample', 'stats'],

  // What looks again and again misses what comes and goes meanwhile.
  eventSources: ['stream'],

  // mongo-java-server, where it stands in, does not put into its oplog what findAndModify does.
  tellsPulls: hasMongodb(),

  async before(context) {
    server = await startMongodb(context, 'java');
  },

  async after() {
    await server?.stop();
  },

  async open({ prefix }) {
    return openMongodb(mongodbProfile(server, prefix), openCodec('php'), { timeoutMs: 10_000 });
  },

  profile: ({ prefix }) => mongodbProfile(server, prefix),
});
