// @ts-check
import { describeStore, driverHarness } from 'cachectl/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

let folder = '';

describeStore(
  'file-store',
  driverHarness({
    module: new URL('../driver.mjs', import.meta.url),
    traits: { ttls: true, lockStorage: 'among-entries' },
    has: ['lock'],
    before() {
      folder = mkdtempSync(path.join(tmpdir(), 'file-store-'));
    },
    after() {
      rmSync(folder, { recursive: true });
    },
    options: () => ({ folder }),
  }),
);
