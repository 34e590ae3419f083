import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Finding } from '../../../src/stores/contract/doctor.js';

import { integer, string } from '../../../src/codecs/value.js';
import { all } from '../../../src/testing/suite/stores.js';
import { FileCache } from '../../support/file-store.js';

describe("doctor on Laravel's file store", () => {
  let cache: FileCache;

  beforeEach(() => {
    cache = new FileCache();
  });

  afterEach(() => cache.remove());

  const reached = async (): Promise<Finding[]> => all(cache.open().checkConnection!());
  const diagnosed = async (): Promise<Finding[]> => all(cache.open().diagnose!());

  it('creates nothing, and says what a first write would create', async () => {
    const store = cache.open({ lockPath: path.join(cache.root, 'locks') });
    const [folder] = await reached();
    expect(folder).to.include({ subject: 'folder', state: 'skipped' });
    expect(await diagnosed()).to.deep.equal([]);
    expect(await store.unmade!('locks')).to.equal(`the folder ${path.join(cache.root, 'locks')}`);
    expect(await store.doubt!('entries')).to.include({ kind: 'absent' });
    expect(existsSync(cache.folder)).to.equal(false);
  });

  it('reports a path that is a file', async () => {
    writeFileSync(cache.folder, '');
    expect((await reached())[0]).to.include({ subject: 'folder', state: 'fault' });
  });

  it('finds files of something else, and values of another codec', async () => {
    await cache.open({ codec: 'json' }).put('k', string('text'), 60);
    const foreign = cache.write('foreign', 'something else');
    const findings = await diagnosed();
    expect(findings.find(({ subject }) => subject === 'foreign files')?.message).to.include(foreign);
    const contents = findings.find(({ subject }) => subject === 'contents');
    expect(contents).to.include({ state: 'fault' });
    expect(contents?.hint).to.include('codec: json');
  });

  it('counts the temporary files of killed writers, and removes them on request', async () => {
    await cache.open().put('k', integer(1), 60);
    const left = path.join(path.dirname(cache.fileOf('k')), `.${path.basename(cache.fileOf('k'))}.${randomUUID()}`);
    writeFileSync(left, '9999999999s:1');
    expect((await diagnosed()).map(({ subject }) => subject)).not.to.include('leftover files');
    utimesSync(left, 1, 1);
    const finding = (await diagnosed()).find(({ subject }) => subject === 'leftover files');
    expect(finding).to.include({ state: 'warning' });
    expect(finding?.message).to.match(/^1 temporary file of .+ 13 B$/);
    await finding!.fix!.apply();
    expect(existsSync(left)).to.equal(false);
    expect(await cache.open().count!()).to.equal(1);
  });

  it('removes expired files on request, when most are', async () => {
    await cache.open().put('live', integer(1), 60);
    for (let number = 0; number < 1000; number++) cache.write(`old-${number}`, '0000000001i:1;');
    mkdirSync(path.join(cache.folder, 'notes'));
    const finding = (await diagnosed()).find(({ subject }) => subject === 'expired files');
    expect(finding).to.include({ state: 'warning' });
    expect(finding?.message).to.include('1,000 of 1,001 files expired');
    await finding!.fix!.apply();
    expect(existsSync(cache.fileOf('old-0'))).to.equal(false);
    expect((await cache.open().stats!()).servers[0]).to.deep.include({ entries: 1 });
  });
});
