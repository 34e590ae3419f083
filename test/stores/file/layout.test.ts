import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import type { Store } from '../../../src/stores/contract/store.js';

import { integer, string } from '../../../src/codecs/value.js';
import { RefusedError, UnsupportedError, WrongTypeError } from '../../../src/errors.js';
import { failure } from '../../../src/testing/index.js';
import { FileCache } from '../../support/file-store.js';

const EVERYTHING = { scope: 'all', locks: false, dryRun: false } as const;
const EXPIRED = '0000000001s:1:"v";';

describe("the files of Laravel's file store", () => {
  let cache: FileCache;
  let store: Store;

  beforeEach(() => {
    cache = new FileCache();
    store = cache.open();
  });

  afterEach(() => cache.remove());

  const contentOf = (key: string): string => readFileSync(cache.fileOf(key), 'utf8');

  it('hold an expiry of ten digits and the serialized value', async () => {
    await store.put('stays', string('hello'), null);
    expect(contentOf('stays')).to.equal('9999999999s:5:"hello";');
    const before = Math.floor(Date.now() / 1000);
    await store.put('goes', string('hello'), 60);
    const [, expiry, value] = /^(\d{10})(.*)$/.exec(contentOf('goes')) ?? [];
    expect(Number(expiry)).to.be.within(before + 60, before + 120);
    expect(value).to.equal('s:5:"hello";');
  });

  it('hold the owner of a lock, serialized with any codec', async () => {
    await cache.open({ codec: 'raw' }).lock('deploy').acquire('ann', null);
    expect(contentOf('file-store-lock:deploy')).to.equal('9999999999s:3:"ann";');
    await cache.open({ lockPrefix: '' }).lock('old').acquire('ann', null);
    expect(contentOf('old')).to.equal('9999999999s:3:"ann";');
  });

  it('of locks can have a folder of their own, which a flush of everything empties too', async () => {
    const lockPath = path.join(cache.root, 'locks');
    const apart = cache.open({ lockPath });
    await apart.lock('deploy').acquire('ann', 60);
    expect(await store.lock('deploy').holder()).to.equal(undefined);
    expect((await apart.lock('deploy').holder())?.owner).to.equal('ann');
    expect(apart.traits.lockStorage).to.equal('separate');
    expect((await apart.flush(EVERYTHING)).removed).to.equal(1);
    expect(await apart.lock('deploy').holder()).to.equal(undefined);
  });

  it('keep their place and mode when the value shrinks, grows, or is replaced', async () => {
    await store.put('n', integer(10), 60);
    const { ino } = statSync(cache.fileOf('n'));
    expect(await store.increment('n', -1n)).to.equal(9n);
    expect(await store.increment('n', 991n)).to.equal(1000n);
    expect(await store.touch('n', null)).to.equal(true);
    expect(contentOf('n')).to.equal('9999999999i:1000;');
    expect(statSync(cache.fileOf('n')).ino).to.equal(ino);
  });

  it('get the mode of the profile, and so do new folders', async () => {
    const umask = process.umask(0o022);
    try {
      await store.put('plain', string('v'), 60);
      expect(modeOf(cache.fileOf('plain'))).to.equal('644');
      const shared = cache.open({ permission: 0o775 });
      await shared.put('shared', string('v'), 60);
      expect(modeOf(cache.fileOf('shared'))).to.equal('775');
      expect(modeOf(path.dirname(cache.fileOf('shared')))).to.equal('775');
      // Without a mode, a replaced file keeps its own.
      await store.put('shared', string('w'), 60);
      expect(modeOf(cache.fileOf('shared'))).to.equal('775');
    } finally {
      process.umask(umask);
    }
  });

  it('that a killed process left empty or half-written are no entries', async () => {
    for (const [key, content] of [
      ['empty', ''],
      ['short', '99999'],
      ['unfinished', `${'\0'.repeat(10)}s:1:"v`],
    ] as const) {
      cache.write(key, content);
      expect(await store.get(key)).to.equal(undefined);
      expect(await store.add(key, string('new'), null)).to.equal(true);
      expect(contentOf(key)).to.equal('9999999999s:3:"new";');
    }
  });

  it('with other content are refused by name, and removed by a flush of everything', async () => {
    cache.write('k', 'something else');
    expect(await failure(store.get('k'))).to.be.instanceOf(WrongTypeError);
    const [reading] = await store.many(['k']);
    expect(reading).to.be.instanceOf(WrongTypeError);
    await store.put('other', string('v'), 60);
    cache.write('old', EXPIRED);
    expect(await store.flush(EVERYTHING)).to.deep.equal({ removed: 1, keptLocks: 0 });
    expect(await store.get('k')).to.equal(undefined);
  });

  it('that are no files are refused by name, without waiting for the other end of a FIFO', async () => {
    await store.put('kept', string('v'), null);
    for (const make of [(at: string) => execFileSync('mkfifo', [at]), (at: string) => mkdirSync(at)]) {
      const at = cache.fileOf('odd');
      mkdirSync(path.dirname(at), { recursive: true });
      make(at);
      for (const use of [
        async () => store.get('odd'),
        async () => store.add('odd', string('v'), null),
        async () => store.increment('odd', 1n),
        async () => store.touch('odd', 60),
        async () => store.forget(['odd']),
      ]) {
        const error = await failure(use());
        expect(error).to.be.instanceOf(WrongTypeError);
        expect((error as Error).message).to.equal(`${at} is not a file of Laravel's cache`);
      }

      expect(await store.count!()).to.equal(1);
      rmSync(at, { recursive: true });
    }

    mkdirSync(cache.fileOf('odd'), { recursive: true });
    expect(await failure(store.put('odd', string('v'), null))).to.be.instanceOf(WrongTypeError);
    expect(await failure(store.flush(EVERYTHING))).to.be.instanceOf(WrongTypeError);
  });

  it('are all that a flush removes', async () => {
    await store.put('k', string('v'), 60);
    writeFileSync(path.join(cache.folder, '.gitignore'), '*\n');
    mkdirSync(path.join(cache.folder, 'notes'));
    const notes = path.join(path.dirname(cache.fileOf('k')), 'notes.txt');
    writeFileSync(notes, 'mine');
    await store.flush(EVERYTHING);
    expect(readFileSync(notes, 'utf8')).to.equal('mine');
    expect(readdirSync(cache.folder)).to.include.members(['.gitignore', 'notes']);
  });

  it('that killed writers left beside them are removed by a flush of everything, if they are an hour old', async () => {
    const [old, fresh, foreign, linked, target] = [
      beside('old', 3601),
      beside('fresh', 3000),
      beside('foreign', 86_400, (name) => `${name}.part`),
      beside('linked', 0),
      path.join(cache.root, 'target'),
    ];
    writeFileSync(target, 'mine');
    rmSync(linked);
    symlinkSync(target, linked);
    lutimesSync(linked, 1, 1);
    expect(await store.count!()).to.equal(0);
    expect(await store.flush({ ...EVERYTHING, dryRun: true })).to.deep.equal({ removed: 0, keptLocks: 0 });
    expect(existsSync(old)).to.equal(true);
    expect(await store.flush(EVERYTHING)).to.deep.equal({ removed: 0, keptLocks: 0 });
    expect([old, fresh, foreign, linked, target].map((file) => existsSync(file))).to.deep.equal([
      false,
      true,
      true,
      true,
      true,
    ]);
  });

  /** Write a temporary file of a key, as a writer does, `age` seconds ago. */
  function beside(key: string, age: number, rename = (name: string): string => name): string {
    const file = cache.fileOf(key);
    mkdirSync(path.dirname(file), { recursive: true });
    const temporary = path.join(path.dirname(file), rename(`.${path.basename(file)}.${randomUUID()}`));
    writeFileSync(temporary, '9999999999s:1');
    const then = Date.now() / 1000 - age;
    utimesSync(temporary, then, then);
    return temporary;
  }

  it('have nothing beside them after a write', async () => {
    await store.put('k', string('v'), 60);
    await store.put('k', string('w'), 60);
    await store.add('k', string('v'), 60);
    expect(readdirSync(path.dirname(cache.fileOf('k')))).to.deep.equal([path.basename(cache.fileOf('k'))]);
  });

  it('that cannot exist are refused with the reason', async () => {
    writeFileSync(cache.folder, '');
    const error = await failure(store.put('k', string('v'), 60));
    expect(error).to.be.instanceOf(RefusedError);
    expect(error)
      .to.have.property('message')
      .that.equals(`cannot use the folder ${cache.folder}: a part of its path is not a folder`);
  });

  it('are counted and sampled without keys', async () => {
    await store.put('long', string('x'.repeat(1000)), 60);
    await store.put('short', integer(1), null);
    cache.write('old', EXPIRED);
    expect(await store.count!()).to.equal(2);
    expect(await failure(store.count!({ pattern: 'l*' }))).to.be.instanceOf(UnsupportedError);
    const sample = await store.sample!({ size: 10 });
    expect(sample).to.include({ isComplete: true, isRandom: true, looked: 3 });
    expect(sample.entries.map(({ size }) => size)).to.have.members([1010, 4]);
    const { servers, underPrefix } = await store.stats!();
    expect(underPrefix).to.equal(2);
    expect(servers[0]).to.include({ name: cache.folder, entries: 2, bytes: 1014 });
    expect(servers[0]!.details).to.deep.include({ expiredFiles: { value: 1 } });
  });

  it('with a prefix are not counted: their names do not tell whose they are', () => {
    const prefixed = cache.open({ prefix: 'shop:' });
    expect([prefixed.count, prefixed.sample]).to.deep.equal([undefined, undefined]);
  });

  it('say when an entry that is gone had expired', async () => {
    cache.write('old', EXPIRED);
    expect(await store.inspect!('old')).to.deep.equal({
      storedKey: 'old',
      listedKey: 'old',
      place: { file: cache.fileOf('old') },
      expiredAt: new Date(1000),
    });
  });
});

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}
