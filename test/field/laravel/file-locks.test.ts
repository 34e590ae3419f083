import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, type Result } from '../../support/cli.js';
import { readLaravel13 } from '../../support/laravel13.js';
import { type PhpCache, type PhpPeer, startPhpPeer } from '../../support/php-peer.js';

const CREATED = 'illuminate:cache:flexible:created:';

describe('field: the file cache of Laravel 12.36 and later', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-file-locks-'));
  });

  after(() => rmSync(folder, { force: true, recursive: true }));

  const run = async (...args: string[]): Promise<Result> => cachectl([...args, '--url', `file://${folder}`]);

  it('shows who holds the locks that Laravel 13 wrote, and acquires none of them', async () => {
    for (const { path: file, content_base64: content } of readLaravel13().file.entries) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), Buffer.from(content, 'base64'));
    }

    const shown = JSON.parse((await run('lock:show', 'deploy', '--json')).out);
    expect(shown).to.include({ held: true, owner: 'owner-16-chars-x' });
    expect((await run('lock:acquire', 'deploy', '--ttl', '1m')).code).to.equal(1);
    expect((await run('lock:release', 'forever-lock', '--owner', 'AbCdEfGhIjKlMnOp')).code).to.equal(0);
    expect((await run('lock:acquire', 'forever-lock', '--ttl', '1m')).code).to.equal(0);
  });

  describe('beside PHP', () => {
    let php: PhpPeer;
    let laravel: PhpCache;

    before(function () {
      php = startPhpPeer(this, 'Illuminate/Filesystem');
      laravel = php.cache({ store: 'file', path: folder });
    });

    after(async () => php?.stop());

    it('only one of the two holds a lock', async () => {
      // The prefix that Laravel has added to names since then.
      const name = 'file-store-lock:import';
      const { owner } = await laravel.acquire(name, 600);
      const refused = await run('lock:acquire', 'import', '--ttl', '1m');
      expect(refused.code).to.equal(1);
      expect(refused.err).to.include(owner);
      expect(await laravel.release(name, owner)).to.equal(true);
      expect((await run('lock:acquire', 'import', '--ttl', '10m')).code).to.equal(0);
      expect((await laravel.acquire(name, 60)).acquired).to.equal(false);
    });

    for (const command of ['forget', 'pull']) {
      it(`${command} removes the created entry of a flexible entry, and no other`, async () => {
        for (const key of ['rates', 'others']) {
          await laravel.put(key, Buffer.from('s:1:"v";'), 600);
          await laravel.put(CREATED + key, Buffer.from('i:1795973549;'), 600);
        }

        expect((await run(command, 'rates')).code).to.equal(0);
        const left = [await laravel.get(`${CREATED}rates`), await laravel.get(`${CREATED}others`)];
        expect(left.map(String)).to.deep.equal(['N;', 'i:1795973549;']);
      });
    }
  });
});
