// @ts-check
import { describeStore, driverHarness } from 'cachectl/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

let folder = '';

describeStore(
  'lmdb-store',
  driverHarness({
    module: new URL('../driver.mjs', import.meta.url),
    traits: { ttls: true, lockStorage: 'separate', lockMilliseconds: true },
    has: ['keys', 'entries', 'lock'],
    before() {
      folder = mkdtempSync(path.join(tmpdir(), 'lmdb-store-'));
    },
    after() {
      rmSync(folder, { recursive: true });
    },
    options: () => ({ folder }),
  }),
);
