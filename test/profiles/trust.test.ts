import { expect } from 'chai';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, type Result } from '../support/cli.js';

const MODULE = `import { writeFileSync } from 'node:fs';
writeFileSync(new URL('ran', import.meta.url), '');
`;

describe('A profile file that other users can write', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-trust-'));
    file = path.join(folder, 'cachectl.yaml');
    writeFileSync(path.join(folder, 'driver.mjs'), MODULE);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (keys: string, mode = 0o644): void => {
    writeFileSync(file, `profiles:\n  shop: { ${keys} }\n`);
    chmodSync(file, mode);
  };

  const run = async (...args: string[]): Promise<Result> => cachectl(args, { cwd: folder });
  const ran = (): boolean => existsSync(path.join(folder, 'ran'));

  const cases: ReadonlyArray<[keys: string, consequence: string]> = [
    ['driver: ./driver.mjs', 'its driver module is not loaded'],
    ['driver: redis, host: h, passwordCommand: touch ran', 'its passwordCommand is not run'],
    ['driver: redis, host: h, ssh: bastion', 'its ssh tunnel is not opened'],
  ];
  for (const [keys, consequence] of cases) {
    it(`runs no code: ${consequence}`, async () => {
      write(keys, 0o646);
      for (const command of [['get', 'a'], ['profile:check'], ['doctor']]) {
        const { code, err, out } = await run(...command);
        expect(code).to.equal(2);
        expect(err + out).to.include(`${file} is writable by other users, so ${consequence}`);
        expect(err + out).to.include(`chmod go-w ${file}`);
      }

      expect(ran()).to.equal(false);
    });
  }

  it('is trusted if --config names it', async () => {
    write('driver: ./driver.mjs', 0o646);
    expect((await run('profile:check', '--config', file)).err).not.to.include('is writable');
    expect(ran()).to.equal(true);
  });

  it('is trusted if only its user and their own group can write it', async () => {
    write('driver: ./driver.mjs', 0o664);
    chownSync(file, process.getuid!(), process.getgid!());
    expect((await run('profile:check')).err).not.to.include('is writable');
    expect(ran()).to.equal(true);
  });

  it('runs no code if others can replace the file in its folder', async () => {
    write('driver: ./driver.mjs');
    chmodSync(folder, 0o777);
    expect((await run('get', 'a')).err).to.include('is in a folder that is writable by other users');
    expect(ran()).to.equal(false);
    chmodSync(folder, 0o1777);
    await run('get', 'a');
    expect(ran()).to.equal(true);
  });

  it('opens a store that needs no code', async () => {
    write('driver: sqlite, path: a.sqlite', 0o666);
    expect(await run('put', 'a', '1')).to.include({ code: 0, err: '' });
  });

  if (process.getuid!() === 0) {
    it('runs no code if the file belongs to another user', async () => {
      write('driver: ./driver.mjs');
      chownSync(file, 65_534, 65_534);
      const { code, err } = await run('get', 'a');
      expect(code).to.equal(2);
      expect(err).to.include(`${file} belongs to another user, so its driver module is not loaded`);
      expect(ran()).to.equal(false);
    });
  }
});
