import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { describeCounters, describeEntries, describeThousands, describeValues } from '../support/php-exchange.js';
import { describeLocks } from '../support/php-locks.js';
import { type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { oursAt, type Shared, type Traits } from '../support/php-shared.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Laravel reads a file and then writes it. */
const TRAITS: Traits = { bareNumbers: false, countsFromNothing: true, countsInOneStep: false, endlessLock: null };

const DIGITS = 10;
const FOREVER = 9_999_999_999;

describe('The folder of a Laravel application’s file cache, shared through the example driver', () => {
  let project: string;
  let folder: string;
  let php: PhpPeer;
  let shared: Shared;

  before(async function () {
    php = startPhpPeer(this, 'Illuminate/Filesystem');
    project = mkdtempSync(path.join(tmpdir(), 'cachectl-project-'));
    folder = path.join(project, 'data');
    const config = installDriver(project, folder);
    shared = { php, theirs: php.cache({ store: 'file', path: folder }), ...(await oursAt({ config })), raw, ttl };
  });

  beforeEach(() => {
    rmSync(folder, { force: true, recursive: true });
    mkdirSync(folder);
  });

  after(async () => {
    await shared?.ours.close();
    await php?.stop();
    if (project) rmSync(project, { recursive: true });
  });

  function contentOf(key: string): Buffer {
    const hash = createHash('sha1').update(key).digest('hex');
    return readFileSync(path.join(folder, hash.slice(0, 2), hash.slice(2, 4), hash));
  }

  async function raw(key: string): Promise<string> {
    return contentOf(key).toString('latin1', DIGITS);
  }

  async function ttl(key: string): Promise<null | number> {
    const expiry = Number(contentOf(key).toString('latin1', 0, DIGITS));
    return expiry === FOREVER ? null : expiry - Math.floor(Date.now() / 1000);
  }

  describe('values', () => describeValues(() => shared, TRAITS));

  describe('thousands of values', () => describeThousands(() => shared));

  describe('entries', () => describeEntries(() => shared));

  describe('counters', () => describeCounters(() => shared, TRAITS));

  describe('locks', () => describeLocks(() => shared, TRAITS));
});

/** As in a user's project: the driver beside the profile file, cachectl among its packages. */
function installDriver(project: string, folder: string): string {
  const example = path.join(ROOT, 'examples/file-store');
  const driver = path.join(project, 'file-store');
  mkdirSync(driver);
  for (const file of readdirSync(example).filter((name) => name.endsWith('.mjs'))) {
    copyFileSync(path.join(example, file), path.join(driver, file));
  }

  mkdirSync(path.join(project, 'node_modules'));
  symlinkSync(ROOT, path.join(project, 'node_modules/cachectl'), 'dir');
  const config = path.join(project, 'cachectl.yaml');
  writeFileSync(
    config,
    `default: files\nprofiles: { files: { driver: ./file-store/driver.mjs, folder: ${folder}, prefix: '' } }\n`,
  );
  return config;
}
