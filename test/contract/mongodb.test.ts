import type { MongodbServer } from '../support/mongodb-server.js';

import { openCodec } from '../../src/codecs/open.js';
import { openMongodb } from '../../src/stores/mongodb/store.js';
import { ABILITIES } from '../../src/testing/harness.js';
import { describeStore } from '../../src/testing/suite.js';
import { hasMongodb, mongodbProfile, startMongodb } from '../support/mongodb-server.js';

const STREAM = ['KeyWritten', 'KeyForgotten', 'LockAcquired', 'LockReleased', 'CacheFlushed'] as const;
const POLL = ['KeyWritten', 'KeyForgotten', 'KeyExpired', 'LockAcquired', 'LockContended', 'LockReleased'] as const;

let server: MongodbServer;

describeStore('mongodb', {
  traits: {
    listingPlaces: true,
    ttls: true,
    countsTagged: true,
    lockMilliseconds: true,
    lockStorage: 'separate',
  },

  has: ABILITIES,

  eventSources: [
    { name: 'stream', types: STREAM, clients: false, tags: true },
    { name: 'poll', types: POLL, clients: false, tags: true },
  ],

  // Polling misses what appears and disappears between two polls.
  testedSources: ['stream'],

  // mongo-java-server, the substitute, does not record findAndModify in its oplog.
  reportsPulls: hasMongodb(),

  async before(context) {
    server = await startMongodb(context, 'java');
  },

  async after() {
    await server?.stop();
  },

  async open({ prefix }) {
    return openMongodb(mongodbProfile(server, prefix), openCodec('php'), { timeoutMs: 60_000 });
  },

  profile: ({ prefix }) => mongodbProfile(server, prefix),
});
