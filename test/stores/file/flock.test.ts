import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';

import type { Store } from '../../../src/stores/contract/store.js';

import { integer, string } from '../../../src/codecs/value.js';
import { TimeoutError } from '../../../src/errors.js';
import { failure, textOf } from '../../../src/testing/suite/stores.js';
import { cachectl, type Result } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';
import { FileCache } from '../../support/file-store.js';
import { type PhpPeer, startPhpPeer } from '../../support/php-peer.js';
import { requireProgram } from '../../support/requirements.js';

const EXPIRED = '0000000001s:3:"old";';

describe("locks on the files of Laravel's file store", () => {
  let cache: FileCache;
  let store: Store;

  beforeEach(() => {
    cache = new FileCache();
    store = cache.open();
  });

  afterEach(() => cache.remove());

  describe('beside PHP', () => {
    let php: PhpPeer;

    before(function () {
      php = startPhpPeer(this, 'Illuminate/Filesystem');
    });

    after(async () => php?.stop());

    it('let exactly one of the two acquire a lock that has expired', async function () {
      this.timeout(120_000);
      const laravel = php.cache({ store: 'file', path: cache.folder });
      for (let round = 0; round < 150; round++) {
        const name = `lock-${round}`;
        const key = `file-store-lock:${name}`;
        cache.write(key, EXPIRED);
        const [ours, { acquired: theirs, owner }] = await Promise.all([
          store.lock(name).acquire('ours', 600),
          laravel.acquire(key, 600),
        ]);
        expect([ours, theirs], name).to.have.members([true, false]);
        expect((await store.lock(name).holder())?.owner).to.equal(ours ? 'ours' : owner);
      }
    });

    it('let exactly one of the two acquire a lock that does not exist', async function () {
      this.timeout(120_000);
      const laravel = php.cache({ store: 'file', path: cache.folder });
      for (let round = 0; round < 150; round++) {
        const [ours, { acquired: theirs }] = await Promise.all([
          store.lock(`new-${round}`).acquire('ours', 600),
          laravel.acquire(`file-store-lock:new-${round}`, 600),
        ]);
        expect([ours, theirs]).to.have.members([true, false]);
      }
    });
  });

  describe('held by another process', () => {
    before(function () {
      requireProgram(this, 'perl');
    });

    it('are waited for by a read that finds a file without its content', async () => {
      const holder = await hold(cache.write('k', ''));
      const reading = store.get('k');
      await holder.write('9999999999s:1:"v";');
      expect(textOf(await reading)).to.equal('v');
    });

    it('are waited for by a change, up to the timeout', async () => {
      const holder = await hold(cache.write('n', '9999999999i:1;'));
      const hurried = cache.open({}, 100);
      const error = await failure(hurried.increment('n', 1n));
      expect(error).to.be.instanceOf(TimeoutError);
      expect(error).to.have.property('message').that.includes(cache.fileOf('n'));
      const sum = store.increment('n', 1n);
      await holder.write('9999999999i:41;');
      expect(await sum).to.equal(42n);
      expect(readFileSync(cache.fileOf('n'), 'utf8')).to.equal('9999999999i:42;');
    });

    it('do not delay a read of a whole file, or a put', async () => {
      const holder = await hold(cache.write('k', '9999999999s:1:"v";'));
      expect(textOf(await store.get('k'))).to.equal('v');
      await store.put('k', string('w'), null);
      await holder.write('9999999999s:1:"x";');
      expect(textOf(await store.get('k'))).to.equal('w');
    });
  });

  describe('without the program flock', () => {
    it('are taken with Perl', async function () {
      const perl = requireProgram(this, 'perl');
      cache.write('file-store-lock:deploy', EXPIRED);
      expect((await withPath(cache, [perl], 'lock:acquire', 'deploy', '--ttl', '1m')).code).to.equal(0);
      expect((await withPath(cache, [perl], 'lock:acquire', 'deploy', '--ttl', '1m')).code).to.equal(1);
      await store.put('n', integer(1), 60);
      expect((await withPath(cache, [perl], 'increment', 'n')).out).to.equal('2\n');
    });

    it('nor Perl, cannot be taken, which is said; put and get work', async () => {
      expect((await withPath(cache, [], 'put', 'n', '1')).code).to.equal(0);
      expect((await withPath(cache, [], 'get', 'n')).out).to.equal('1\n');
      const run = await withPath(cache, [], 'increment', 'n');
      expectFault(run, { code: 3, message: 'neither flock nor perl is on PATH', hint: 'Install flock' });
      expect(readFileSync(cache.fileOf('n'), 'utf8')).to.equal('9999999999s:1:"1";');
    });
  });
});

/** Hold the lock as PHP does while it writes. `write` ends it, with the content of the file. */
async function hold(file: string): Promise<{ write(content: string): Promise<void> }> {
  const script = `
    open(my $file, '+<', $ARGV[0]); flock($file, 2); $| = 1; print "held\\n";
    my $content = <STDIN>; truncate($file, 0); print {$file} $content;`;
  const child = spawn('perl', ['-e', script, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    async write(content) {
      child.stdin.end(content);
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** Run cachectl with a PATH that has these programs only. */
async function withPath(cache: FileCache, programs: readonly string[], ...args: string[]): Promise<Result> {
  const bin = path.join(cache.root, `bin-${programs.join('-')}`);
  mkdirSync(bin, { recursive: true });
  for (const program of programs) {
    const link = path.join(bin, path.basename(program));
    if (!existsSync(link)) symlinkSync(program, link);
  }

  return cachectl([...args, '--url', `file://${cache.folder}`], { env: { PATH: bin } });
}
