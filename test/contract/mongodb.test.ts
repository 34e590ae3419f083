import type { MongodbServer } from '../support/mongodb-server.js';

import { openCodec } from '../../src/codecs/open.js';
import { openMongodb } from '../../src/stores/mongodb/store.js';
import { describeStore } from '../../src/testing/suite.js';
import { hasMongodb, mongodbProfile, startMongodb } from '../support/mongodb-server.js';

let server: MongodbServer;

describeStore('mongodb', {
  capabilities: {
    listing: true,
    ttls: true,
    tags: true,
    countsTagged: true,
    locks: true,
    lockListing: true,
    lockWaiters: true,
    events: ['KeyWritten', 'KeyForgotten'],
    locksToldFromEntries: 'apart',
  },

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
