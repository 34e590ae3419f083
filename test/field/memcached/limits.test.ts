import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../../support/cli.js';
import { PhpMemcached } from '../../support/memcached-deployments.js';
import { type MemcachedServer, startMemcached } from '../../support/memcached-server.js';
import { scratchFolder } from '../../support/scratch.js';

describe('limits of Memcached and php-memcached', () => {
  let php: PhpMemcached;
  let server: MemcachedServer;
  let small: MemcachedServer;
  let url: string;
  let folder: string;

  before(async function () {
    php = new PhpMemcached(this);
    server = await startMemcached(this, '-m', '64');
    small = await startMemcached(this, '-I', '128k', '-o', 'slab_chunk_max=64');
    url = `memcached://${server.address}?prefix=o-`;
    folder = scratchFolder('limits');
  });

  beforeEach(async () => {
    await server.flush();
    await small.flush();
  });

  after(async () => Promise.all([server?.stop(), small?.stop()]));

  describe('a key that is not ASCII', () => {
    for (const [words, command] of [
      [['put', 'ключ', 'v'], []],
      [['add', 'ключ', 'v'], []],
      [['increment', 'ключ'], []],
      [['put', 'k', 'v', '--tags', 'ключ'], []],
      [['lock:acquire', 'ключ', '--ttl', '1m'], []],
      [
        ['lock:run', 'ключ'],
        ['--', 'echo', 'ran'],
      ],
    ] as const) {
      it(`is refused by ${words.join(' ')}, because the application could not read it`, async () => {
        const { code, out, err } = await cachectl([...words, '--url', url, ...command]);
        expect({ code, out }, err).to.deep.equal({ code: 2, out: '' });
        expect(err).to.match(/php-memcached cannot read the key ".*ключ.*": it is not ASCII\n.*set unicodeKeys: true/);
        expect((await cachectl(['keys', '--url', url])).out).to.equal('');
      });
    }

    it('is refused by php-memcached itself', () => {
      const code = `var_dump($m->get('o-ключ')); echo $m->getResultMessage();`;
      expect(php.run([['127.0.0.1', server.port, 1]], {}, code)).to.match(/^bool\(false\)\n.*BAD KEY/);
    });

    it('is stored if the profile says that the application reads it, or with another codec', async () => {
      for (const more of ['unicodeKeys=true', 'codec=raw', 'codec=json']) {
        const { code, err } = await cachectl(['put', 'ключ', more, '--url', `${url}&${more}`]);
        expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      }
    });

    it('can be listed, read and forgotten, and doctor reports it', async () => {
      await cachectl(['put', 'ключ', 'v', '--url', `${url}&unicodeKeys=true`]);
      expect((await cachectl(['keys', '--url', url])).out).to.equal('ключ\n');
      expect((await cachectl(['get', 'ключ', '--url', url])).out).to.equal('v\n');
      expect((await cachectl(['doctor', '--read-only', '--url', url])).out).to.match(
        /^warning\tkeys\t1 key is not ASCII/m,
      );
      expect((await cachectl(['forget', 'ключ', '--url', url])).code).to.equal(0);
      expect((await cachectl(['keys', '--url', url])).out).to.equal('');
    });

    it('counts as failed in import and copy, with the reason, and the rest continues', async () => {
      const lines = ['a', 'ключ', 'b'].map((key) => `${JSON.stringify({ key, value: 'v', expires: null })}\n`).join('');
      const imported = await cachectl(['import', '-', '--yes', '--json', '--url', url], { input: lines });
      expect(imported.code).to.equal(4);
      expect(imported.err + imported.out).to.include('php-memcached cannot read the key');
      expect((await cachectl(['keys', '--url', url])).out.trim().split('\n').sort()).to.deep.equal(['a', 'b']);
      await cachectl(['put', 'ключ', 'v', '--url', `memcached://${small.address}?unicodeKeys=true`]);
      await cachectl(['put', 'c', 'v', '--url', `memcached://${small.address}`]);
      const copied = await cachectl([
        'copy',
        '--url',
        `memcached://${small.address}`,
        '--to-url',
        url,
        '--yes',
        '--json',
      ]);
      expect(copied.code, copied.err).to.equal(4);
      expect(copied.err + copied.out).to.include('php-memcached cannot read the key');
      expect((await cachectl(['get', 'c', '--url', url])).code).to.equal(0);
    });
  });

  describe('a value that is too large', () => {
    it('is refused before it is sent, so the old value stays', async () => {
      await cachectl(['put', 'k', 'old', '--url', url]);
      const { code, err } = await cachectl(['put', 'k', '--file', largeFile(folder), '--url', url]);
      expect(code).to.equal(3);
      expect(err).to.match(/"o-k" is too large for memcached .*: it has 3,000,003 bytes .* 1,048,576 bytes\n/);
      expect(err).to.include('-I 3m');
      expect(err).not.to.include('is gone');
      expect((await cachectl(['get', 'k', '--url', url])).out).to.equal('old\n');
    });

    it('is refused by import, copy and remember --refresh too', async () => {
      await cachectl(['put', 'k', 'old', '--url', url]);
      const line = JSON.stringify({ key: 'k', base64: randomBytes(1_500_000).toString('base64'), expires: null });
      const imported = await cachectl(['import', '-', '--yes', '--url', url], { input: `${line}\n` });
      expect(imported.code).to.equal(4);
      const sqlite = `sqlite://${folder}/cache.sqlite`;
      await cachectl(['put', 'k', '--file', largeFile(folder), '--url', sqlite]);
      expect((await cachectl(['copy', '--url', sqlite, '--to-url', url, '--yes'])).code).to.equal(4);
      const remembered = await cachectl([
        'remember',
        'k',
        '--ttl',
        '1m',
        '--refresh',
        '--url',
        url,
        '--',
        'head',
        '-c',
        '2000000',
        '/dev/urandom',
      ]);
      expect(remembered.err).to.include('too large');
      expect((await cachectl(['get', 'k', '--url', url])).out).to.equal('old\n');
    });

    it('removes the old value with a small server limit, and reports it', async () => {
      const there = `memcached://${small.address}`;
      await cachectl(['put', 'k', 'old', '--url', there]);
      const file = path.join(folder, '200kB.bin');
      writeFileSync(file, randomBytes(200_000));
      const { code, err } = await cachectl(['put', 'k', '--file', file, '--url', there]);
      expect(code).to.equal(3);
      expect(err).to.match(
        /200,001 bytes .* 131,072 bytes; the server removed the old value, if there was one\n.*-I 1m/,
      );
      expect((await cachectl(['get', 'k', '--url', there])).code).to.equal(1);
    });

    it('removes nothing in an add', async () => {
      const there = `memcached://${small.address}`;
      await cachectl(['put', 'k', 'old', '--url', there]);
      const file = path.join(folder, '200kB.bin');
      writeFileSync(file, randomBytes(200_000));
      const { err } = await cachectl(['put', 'k', '--if-absent', '--file', file, '--url', there]);
      expect(err).not.to.include('is gone');
      expect((await cachectl(['get', 'k', '--url', there])).out).to.equal('old\n');
    });
  });

  it('a number never goes below 0, as in PHP', async () => {
    await cachectl(['put', 'n', '2', '--as', 'json', '--url', url]);
    expect((await cachectl(['decrement', 'n', '--by', '5', '--url', url])).out).to.equal('0\n');
    const code = `echo $m->increment('o-n', 3), ' ', $m->decrement('o-n', 9);`;
    expect(php.run([['127.0.0.1', server.port, 1]], {}, code)).to.equal('3 0');
  });
});

function largeFile(folder: string): string {
  const file = path.join(folder, '3MB.bin');
  writeFileSync(file, randomBytes(3_000_000));
  return file;
}
