import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FileProfile } from '../../src/profiles/profile.js';
import type { StoreOptions } from '../../src/testing/harness.js';

import { openCodec } from '../../src/codecs/open.js';
import { openFile } from '../../src/stores/file/store.js';
import { describeStore } from '../../src/testing/suite.js';

let folder: string;

function profile({ prefix }: StoreOptions): FileProfile {
  return {
    driver: 'file',
    name: 'test',
    prefix,
    codec: 'php',
    protected: false,
    path: join(folder, 'data'),
    lockPrefix: 'file-store-lock:',
  };
}

describe('files', () => {
  // Stats read every file of the folder, and a case leaves up to 10,000 behind.
  afterEach(async () => rm(join(folder, 'data'), { recursive: true, force: true }));

  describeStore('file', {
    traits: { ttls: true, lockStorage: 'among-entries' },

    // The suite's stores have prefixes, so there is no sample; see test/stores/file/listing.test.ts.
    has: ['inspect', 'lock', 'stats'],

    async before() {
      folder = await mkdtemp(join(tmpdir(), 'cachectl-file-'));
    },

    async after() {
      await rm(folder, { recursive: true });
    },

    async open(options) {
      return openFile(profile(options), openCodec('php'), { timeoutMs: 20_000 });
    },

    profile,
  });
});
