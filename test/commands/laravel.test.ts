import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { onTerminal } from '../support/terminal.js';

describe('--laravel', () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-laravel-'));
    mkdirSync(path.join(folder, 'database'));
    writeFileSync(path.join(folder, '.env'), 'APP_NAME="My Shop"\nCACHE_STORE=database\nCACHE_PREFIX=shop:\n');
    writeFileSync(
      path.join(folder, 'composer.lock'),
      JSON.stringify({ packages: [{ name: 'laravel/framework', version: 'v12.67.0' }] }),
    );
  });

  after(() => rmSync(folder, { recursive: true }));

  it('uses the cache of the application on every command, before or after its name', async () => {
    expect(await cachectl(['put', 'a', '1', '--laravel', folder])).to.include({ code: 0 });
    expect(await cachectl(['--laravel', folder, 'get', 'a'])).to.include({ code: 0, out: '1\n', err: '' });
    const file = path.join(folder, 'database', 'database.sqlite');
    expect(await cachectl(['keys', '--url', `${file}?prefix=`])).to.include({ code: 2 });
    expect(await cachectl(['keys', '--url', `sqlite://${file}`])).to.include({ out: 'shop:a\n' });
  });

  it('picks another store by ?store=', async () => {
    const result = await cachectl(['get', 'a', '--laravel', `${folder}?store=nope`]);
    const message = 'the application has no cache store "nope"';
    expectFault(result, { code: 2, message, hint: 'database, file, memcached, redis' });
  });

  it('says at a terminal what was read', async () => {
    const { screen } = await onTerminal(['get', 'a', '--laravel', folder], { HOME: folder });
    expect(screen.replaceAll(/\s+/g, ' ')).to.match(
      /cache store database; Laravel v12\.67\.0 \(composer\.lock\); \.env; no config\/cache\.php/,
    );
  });

  it('says so in doctor', async () => {
    const { out } = await cachectl(['doctor', '--laravel', folder, '--json']);
    const { findings } = JSON.parse(out) as { findings: ReadonlyArray<{ subject: string; message: string }> };
    expect(findings[0]?.message).to.equal('not used: --laravel selects the store');
    expect(findings[1]).to.include({ subject: 'application' });
  });

  for (const other of ['--url', '--profile', '--config'] as const) {
    it(`cannot be combined with ${other}`, async () => {
      const { code, err } = await cachectl(['get', 'a', '--laravel', folder, other, 'x']);
      expect(code).to.equal(2);
      expect(err).to.match(/both select a store/);
    });
  }

  it('goes before CACHECTL_URL', async () => {
    const env = { CACHECTL_URL: 'redis://127.0.0.1:1' };
    expect(await cachectl(['get', 'a', '--laravel', folder], { env })).to.include({ code: 0, out: '1\n' });
  });
});
