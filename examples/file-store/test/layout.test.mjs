// @ts-check
import { openCodec, RefusedError, string, WrongTypeError } from 'cachectl';
import { failure } from 'cachectl/testing';
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';

import driver from '../driver.mjs';

/** @import { FileStore } from '../store.mjs' */

/**
 * @param {{ folder: string, lockFolder?: string }} options
 * @param {number} [timeoutMs]
 */
async function open({ folder, lockFolder }, timeoutMs = 20_000) {
  const lockPrefix = 'file-store-lock:';
  const settings = { profile: 'test', prefix: 'shop:', codec: openCodec('php') };
  const store = await driver.open({ ...settings, options: { folder, lockFolder, lockPrefix } }, { timeoutMs });
  return /** @type {FileStore} */ (store);
}

describe('the files', function () {
  this.timeout(30_000);
  /** @type {string} */
  let folder;
  /** @type {FileStore} */
  let store;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'file-store-'));
    store = await open({ folder });
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** @param {string} key */
  function fileOf(key) {
    const hash = createHash('sha1').update(`shop:${key}`).digest('hex');
    return path.join(folder, hash.slice(0, 2), hash.slice(2, 4), hash);
  }

  /**
   * @param {string} key
   * @param {string} content
   */
  function write(key, content) {
    mkdirSync(path.dirname(fileOf(key)), { recursive: true });
    writeFileSync(fileOf(key), content);
  }

  /**
   * Leave a guard like a process that was killed during a change.
   * @param {string} key
   * @param {number} pid
   */
  function guard(key, pid) {
    const file = path.join(folder, '.cachectl', `${path.basename(fileOf(key))}.guard`);
    writeFileSync(file, `${pid} 0123456789abcdef ${hostname()}`);
    return file;
  }

  it('hold an expiry of ten digits and the serialized value', async () => {
    await store.put('stays', string('hello'), null);
    expect(readFileSync(fileOf('stays'), 'utf8')).to.equal('9999999999s:5:"hello";');
    const before = Math.floor(Date.now() / 1000);
    await store.put('goes', string('hello'), 60);
    const [, expiry, value] = /^(\d{10})(.*)$/.exec(readFileSync(fileOf('goes'), 'utf8')) ?? [];
    expect(Number(expiry)).to.be.within(before + 60, before + 120);
    expect(value).to.equal('s:5:"hello";');
  });

  it('hold the owner of a lock, serialized with any codec', async () => {
    await store.lock('deploy').acquire('ann', null);
    expect(readFileSync(fileOf('file-store-lock:deploy'), 'utf8')).to.equal('9999999999s:3:"ann";');
  });

  it('of locks can have a folder of their own', async () => {
    const lockFolder = path.join(folder, 'locks');
    const apart = await open({ folder, lockFolder });
    await apart.lock('deploy').acquire('ann', 60);
    expect(await store.lock('deploy').holder()).to.equal(undefined);
    expect((await apart.lock('deploy').holder())?.owner).to.equal('ann');
    expect(apart.traits.lockStorage).to.equal('separate');
  });

  it('that PHP created and has not filled are no entries', async () => {
    write('k', '');
    expect(await store.get('k')).to.equal(undefined);
    expect(await store.add('k', string('v'), 60)).to.equal(true);
  });

  it('with other content are refused by name, and removed by a flush of everything', async () => {
    write('k', 'something else');
    expect(await failure(store.get('k'))).to.be.instanceOf(WrongTypeError);
    const [reading] = await store.many(['k']);
    expect(reading).to.be.instanceOf(WrongTypeError);
    await store.put('other', string('v'), 60);
    expect(await store.flush({ scope: 'all', locks: false, dryRun: false })).to.deep.equal({
      removed: 1,
      keptLocks: 0,
    });
    expect(await store.get('k')).to.equal(undefined);
  });

  it('are all that a flush removes', async () => {
    writeFileSync(path.join(folder, '.gitignore'), '*\n');
    mkdirSync(path.join(folder, 'ab'));
    writeFileSync(path.join(folder, 'ab', 'notes.txt'), 'mine');
    await store.flush({ scope: 'all', locks: false, dryRun: false });
    expect(readFileSync(path.join(folder, '.gitignore'), 'utf8')).to.equal('*\n');
    expect(readFileSync(path.join(folder, 'ab', 'notes.txt'), 'utf8')).to.equal('mine');
  });

  it('leave nothing beside them after a write', async () => {
    await store.put('k', string('v'), 60);
    await store.add('k', string('v'), 60);
    await store.increment('n', 1n);
    await store.forget(['k']);
    await store.close();
    expect(readdirSync(path.join(folder, '.cachectl'))).to.deep.equal([]);
  });

  it('are free again if the process that changed one has died', async () => {
    await store.put('k', string('old'), 60);
    guard('k', spawnSync(process.execPath, ['-e', '']).pid);
    await store.put('k', string('new'), 60);
    expect((await store.get('k'))?.decode()).to.deep.equal(string('new'));
    await store.close();
    expect(readdirSync(path.join(folder, '.cachectl'))).to.deep.equal([]);
  });

  it('wait while another process changes them', async () => {
    await store.put('k', string('old'), 60);
    const file = guard('k', process.pid);
    const hurried = await open({ folder }, 100);
    const error = await failure(hurried.put('k', string('new'), 60));
    expect(error).to.have.property('code', 'timeout');
    expect(error).to.have.property('message').that.includes(file);
    expect((await store.get('k'))?.decode()).to.deep.equal(string('old'));
  });

  it('that cannot exist are refused with the reason', async () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    const error = await failure((await open({ folder: file })).put('k', string('v'), 60));
    expect(error).to.be.instanceOf(RefusedError);
    expect(error).to.have.property('message', `the folder ${file} cannot be used: a part of its path is not a folder`);
  });
});
