import { expect } from 'chai';
import path from 'node:path';

import { Folder } from './folder.js';

describe('profiles with driver: file', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const of = async (keys: string) => folder.of(`profiles:\n  app: { driver: file, ${keys} }\n`, { profile: 'app' });

  it('have the folder and defaults', async () => {
    expect(await of('path: data')).to.deep.equal({
      name: 'app',
      driver: 'file',
      prefix: '',
      codec: 'php',
      protected: false,
      path: path.join(folder.project, 'data'),
      lockPrefix: 'file-store-lock:',
    });
  });

  it('have another folder and another prefix for locks', async () => {
    const profile = await of(`path: data, lockPath: locks, lockPrefix: ''`);
    expect(profile).to.include({ lockPath: path.join(folder.project, 'locks'), lockPrefix: '' });
    expect(await of('path: data, lockPath: ./data')).not.to.have.property('lockPath');
  });

  for (const text of ['0664', '"0664"', '664', '0o664']) {
    it(`read permission: ${text} as octal digits`, async () => {
      expect(await of(`path: data, permission: ${text}`)).to.include({ permission: 0o664 });
    });
  }

  it('refuse a mode that is none, a missing folder, and keys of other drivers', async () => {
    for (const [keys, message] of [
      ['path: data, permission: 0999', 'permission of profile app'],
      ['prefix: x', 'profile app has no path'],
      ['path: data, table: cache', 'table of profile app is a key of driver'],
    ]) {
      const failure = await folder.failureOf(`profiles:\n  app: { driver: file, ${keys} }\n`);
      expect(failure.message).to.include(message);
    }
  });

  it('are URLs, too', async () => {
    expect(await folder.resolve({ url: 'file:///var/cache/data?lockPrefix=&permission=0664' })).to.include({
      name: 'file',
      driver: 'file',
      path: '/var/cache/data',
      lockPrefix: '',
      permission: 0o664,
    });
    expect(await folder.resolve({ url: 'file:data' })).to.include({ path: path.join(folder.project, 'data') });
    expect((await folder.failure({ url: 'file://host/data' })).message).to.include('has a host');
  });
});
