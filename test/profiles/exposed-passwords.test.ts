import { expect } from 'chai';
import { chmodSync } from 'node:fs';

import { exposedPasswords } from '../../src/profiles/file/exposed-passwords.js';
import { Folder } from './folder.js';

describe('a profile file that others can read', () => {
  let folder: Folder;

  before(() => {
    folder = new Folder();
  });

  after(() => folder.remove());

  const exposed = async (yaml: string, mode = 0o644) => {
    const file = folder.write('cachectl.yaml', yaml);
    chmodSync(file, mode);
    return exposedPasswords(file, folder.project);
  };

  for (const fields of [
    'driver: redis, host: h, password: hunter2',
    'driver: redis, host: h, password: 12345',
    'driver: redis, host: h, password: "${NAME:-hunter2}"',
    'driver: redis, host: h, password: "${NAME}hunter2"',
    'driver: redis, host: h, password: "$${NAME}"',
    'driver: redis, sentinels: [a], primary: m, sentinelPassword: hunter2',
    'driver: redis, url: "redis://:hunter2@h"',
    'driver: redis, url: "redis://${USER}:hunter%40@h"',
    'driver: redis, url: "rediss+cluster://u:hunter2@a:1,b:2"',
    'driver: redis, url: "redis://h?password=hunter2"',
    'driver: redis, url: "redis://h?sentinelPassword=hunter2"',
    'driver: redis, url: "redis://h?locks=redis%3A%2F%2Fu%3Ahunter2%40l"',
    'driver: redis, host: h, locks: "redis://:hunter2@l"',
    'driver: redis, host: h, locks: {host: l, password: hunter2}',
    'driver: mysql, host: h, username: u, password: hunter2, database: d',
    'driver: mysql, url: "mysql://u:hunter2@h/d"',
    'driver: postgres, url: "${URL:-postgres://u:hunter2@h/d}"',
    'driver: postgres, host: h, database: d, locks: {password: hunter2}',
    'driver: mongodb, url: "mongodb://u:hunter2@h/d"',
    'driver: mongodb, hosts: h, options: "tlsCertificateKeyFilePassword=hunter2&w=1"',
    'driver: memcached, servers: [a], username: u, password: hunter2',
    'driver: memcached, url: "memcached://u:hunter2@a"',
    'driver: ./x.mjs, apiToken: hunter2',
  ]) {
    it(`holds a password in {${fields}}`, async () => {
      const { mode, passwords } = (await exposed(profile(fields)))!;
      expect({ mode, passwords }).to.deep.equal({
        mode: '0644',
        passwords: [{ profile: 'b', where: 'cachectl.yaml:3' }],
      });
      expect(await exposed(profile(fields), 0o600)).to.equal(undefined);
    });
  }

  for (const fields of [
    'driver: redis, host: h, password: "${NAME}"',
    'driver: redis, host: h, password: "${NAME:-}"',
    'driver: redis, url: "${URL}"',
    'driver: redis, url: "redis://u:${NAME}@h:6379/1?prefix=a@b:c"',
    'driver: redis, url: "redis://user@h"',
    'driver: redis, url: "redis://h?password=${NAME}&prefix=p"',
    'driver: redis, host: h, passwordCommand: [pass, show, cache]',
    'driver: mongodb, url: "mongodb://u:${NAME}@h/d?authSource=admin"',
    'driver: mysql, host: h, locks: {password: "${NAME}"}',
  ]) {
    it(`holds no password in {${fields}}`, async () => {
      expect(await exposed(profile(fields))).to.equal(undefined);
    });
  }

  it('holds a password that an alias repeats in each profile', async () => {
    const yaml = 'profiles:\n  a: &a\n    driver: redis\n    password: x\n  b:\n    <<: *a\n    host: h\n';
    expect((await exposed(yaml))?.passwords.map((each) => `${each.profile} ${each.where}`)).to.deep.equal([
      'a cachectl.yaml:4',
      'b cachectl.yaml:4',
    ]);
  });
});

function profile(fields: string): string {
  return `profiles:\n  a: {driver: sqlite, path: a.db}\n  b: {${fields}}\n`;
}
