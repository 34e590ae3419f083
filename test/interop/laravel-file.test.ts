import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { withOutside } from '../support/outside.js';
import { describeCounters, describeEntries, describeThousands, describeValues } from '../support/php-exchange.js';
import { describeLocks } from '../support/php-locks.js';
import { type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { oursAt, type Shared, type Traits } from '../support/php-shared.js';

/** Laravel reads a file and then writes it. */
const TRAITS: Traits = { bareNumbers: false, countsFromNothing: true, countsInOneStep: false, endlessLock: null };

const DIGITS = 10;
const FOREVER = 9_999_999_999;

describe('the file cache of a Laravel application, with the example driver', () => {
  const project = withOutside();
  let folder: string;
  let php: PhpPeer;
  let shared: Shared;

  before(async function () {
    php = startPhpPeer(this, 'Illuminate/Filesystem');
    folder = path.join(project().folder, 'data');
    const profile = `{ driver: ./driver.mjs, folder: ./data, prefix: '', lockPrefix: '' }`;
    const config = project().write('cachectl.yaml', `default: files\nprofiles: { files: ${profile} }\n`);
    shared = { php, theirs: php.cache({ store: 'file', path: folder }), ...(await oursAt({ config })), raw, ttl };
  });

  beforeEach(() => {
    rmSync(folder, { force: true, recursive: true });
    mkdirSync(folder);
  });

  after(async () => {
    await shared?.ours.close();
    await php?.stop();
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
