import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl } from '../../support/cli.js';
import { expectFault } from '../../support/faults.js';

/** Values of `driver` in an application's config/cache.php and config/database.php, and what the hint names. */
const DRIVERS: ReadonlyArray<readonly [driver: string, what: string, hint: string]> = [
  ['database', 'driver: database without a connection', 'connection: mysql'],
  ['sqlsrv', 'SQL Server', 'docs/sql.md'],
  ['dynamodb', 'DynamoDB', 'docs/custom-drivers.md'],
  ['storage', "Laravel's storage cache", 'driver: file'],
  ['array', "Laravel's array cache", 'driver: sqlite'],
  ['apc', 'APCu', 'redis'],
  ['octane', 'Octane', 'redis'],
  ['session', 'session cache', 'store of the sessions'],
  ['failover', 'failover cache', 'the first store in its list'],
  ['"null"', 'null cache', 'nothing'],
];

const URLS: ReadonlyArray<readonly [url: string, what: string]> = [
  ['sqlsrv://app:geheim@db/app', 'SQL Server'],
  ['dynamodb://cache', 'DynamoDB'],
  ['failover://x', 'failover cache'],
];

describe("Laravel's drivers without a store in cachectl", () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-drivers-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  for (const [driver, what, hint] of DRIVERS) {
    it(`driver: ${driver} is refused by name, with an alternative`, async () => {
      const file = path.join(folder, 'cachectl.yaml');
      writeFileSync(file, `profiles:\n  app:\n    driver: ${driver}\n    host: db\n    password: geheim\n`);
      const result = await cachectl(['keys'], { cwd: folder });
      expectFault(result, { code: 2, message: `cachectl does not support`, hint });
      expect(result.err).to.include(what).and.not.include('geheim');
      expect(result.err.trimEnd().split('\n')).to.have.length(2);
    });
  }

  for (const [url, what] of URLS) {
    it(`${url.split(':', 1)[0]}:// is refused by name, without its password`, async () => {
      for (const result of [
        await cachectl(['keys', '--url', url]),
        await cachectl(['keys'], { env: { CACHECTL_URL: url } }),
      ]) {
        expectFault(result, { code: 2, message: /cachectl does not support/ });
        expect(result.err).to.include(what).and.not.include('geheim');
      }
    });
  }

  it('are refused by name even if an unrelated package of that name is installed', async () => {
    mkdirSync(path.join(folder, 'node_modules', 'sqlsrv'), { recursive: true });
    writeFileSync(path.join(folder, 'node_modules', 'sqlsrv', 'index.js'), 'module.exports = {};\n');
    writeFileSync(path.join(folder, 'cachectl.yaml'), 'profiles:\n  app:\n    driver: sqlsrv\n');
    const result = await cachectl(['keys'], { cwd: folder });
    expectFault(result, { code: 2, message: 'cachectl does not support SQL Server', hint: 'docs/sql.md' });
  });
});
