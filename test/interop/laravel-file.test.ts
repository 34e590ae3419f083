import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { string } from '../../src/codecs/value.js';
import { describeCounters, describeEntries, describeThousands, describeValues } from '../support/php-exchange.js';
import { describeLocks } from '../support/php-locks.js';
import { type PhpPeer, startPhpPeer } from '../support/php-peer.js';
import { oursAt, type Shared, type Traits } from '../support/php-shared.js';

/** Laravel reads a file and then writes it. */
const TRAITS: Traits = { bareNumbers: false, countsFromNothing: true, countsInOneStep: false, endlessLock: null };

const DIGITS = 10;
const FOREVER = 9_999_999_999;

describe('the file cache of a Laravel application', () => {
  let root: string;
  let folder: string;
  let php: PhpPeer;
  let shared: Shared;

  before(async function () {
    php = startPhpPeer(this, 'Illuminate/Filesystem');
    root = mkdtempSync(path.join(tmpdir(), 'cachectl-laravel-file-'));
    folder = path.join(root, 'data');
    // The PHP peer has a Laravel before 12.36.
    const url = `file://${folder}?lockPrefix=`;
    shared = { php, theirs: php.cache({ store: 'file', path: folder }), ...(await oursAt({ url })), raw, ttl };
  });

  beforeEach(() => {
    rmSync(folder, { force: true, recursive: true });
    mkdirSync(folder);
  });

  after(async () => {
    await shared?.ours.close();
    await php?.stop();
    rmSync(root, { force: true, recursive: true });
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

  it('is flushed by each for both', async () => {
    const { ours, theirs } = shared;
    await theirs.put('k', Buffer.from('s:1:"v";'), 60);
    await ours.flush({ scope: 'all', locks: true, dryRun: false });
    expect(String(await theirs.get('k'))).to.equal('N;');
    await ours.put('k', string('v'), 60);
    expect(await theirs.flush()).to.equal(true);
    expect(await ours.get('k')).to.equal(undefined);
    await ours.put('k', string('again'), 60);
    expect(String(await theirs.get('k'))).to.equal('s:5:"again";');
  });
});
