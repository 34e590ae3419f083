import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { SqlServer } from '../../support/sql-server.js';

import { cachectl } from '../../support/cli.js';
import { SQL_CASES } from '../../support/sql-cases.js';
import { sqlProfile } from '../../support/sql-server.js';
import { createLaravelTables, type SqlAdmin, sqlAdmin } from '../../support/sql-tables.js';
import { onTerminal } from '../../support/terminal.js';

/** Commands that store a tagged entry. */
const WRITES: ReadonlyArray<readonly string[]> = [
  ['put', 'k', 'v', '--tags', 'a,b'],
  ['add', 'k', 'v', '--tags', 'a,b'],
  ['increment', 'k', '--tags', 'a,b'],
  ['remember', 'k', '--ttl', '1m', '--tags', 'a,b', '--', 'true'],
  ['import', 'tagged.ndjson'],
];

const SCHEMAS = { mysql: 'database()', postgres: 'current_schema()' } as const;

for (const { driver, sql, start } of SQL_CASES) {
  describe(`the first tagged entry on ${driver}`, () => {
    let server: SqlServer;
    let admin: SqlAdmin;
    let folder = '';
    const table = `SELECT 1 FROM information_schema.tables
                   WHERE table_name = 'cachectl_tags' AND table_schema = ${SCHEMAS[driver]}`;

    before(async function () {
      folder = mkdtempSync(path.join(tmpdir(), 'cachectl-tags-'));
      writeFileSync(path.join(folder, 'tagged.ndjson'), '{"key":"k","value":"v","tags":["a","b"]}\n');
      server = await start(this);
      const profile = sqlProfile(driver, server, '');
      await createLaravelTables(sql, profile);
      admin = sqlAdmin(sql, profile);
    });

    after(async () => {
      rmSync(folder, { force: true, recursive: true });
      await admin?.close();
      await server?.stop();
    });

    beforeEach(async () => {
      await admin.run('DROP TABLE IF EXISTS cachectl_tags');
      await admin.run('DELETE FROM cache');
    });

    const run = async (args: readonly string[], yes = false): ReturnType<typeof cachectl> => {
      const at = args.includes('--') ? args.indexOf('--') : args.length;
      const flags = ['--url', server.url, ...(yes ? ['--yes'] : [])];
      return cachectl([...args.slice(0, at), ...flags, ...args.slice(at)], { cwd: folder });
    };

    const hasTable = async (): Promise<boolean> => (await admin.run(table)).length > 0;

    for (const args of WRITES) {
      it(`asks before it creates the table, or takes --yes: ${args[0]}`, async () => {
        const { code, err } = await run(args);
        expect(code).to.equal(2);
        expect(err).to.contain('cachectl_tags').and.to.contain('--yes').and.to.contain('doctor --fix');
        expect(await hasTable()).to.be.false;
        expect(await admin.run('SELECT 1 FROM cache')).to.deep.equal([]);
        const allowed = await run(args, true);
        expect(allowed.code, allowed.err).to.equal(0);
        expect(await admin.run('SELECT tag FROM cachectl_tags')).to.have.lengthOf(2);
      });
    }

    it('asks for a copy, too', async () => {
      const from = `sqlite://${folder}/from.sqlite`;
      await cachectl(['put', 'k', 'v', '--tags', 'a', '--url', from]);
      const copy = ['copy', '--url', from, '--to-url', server.url];
      expect((await cachectl(copy)).code).not.to.equal(0);
      expect(await hasTable()).to.be.false;
      const { code, err } = await cachectl([...copy, '--yes']);
      expect(code, err).to.equal(0);
      expect(await admin.run('SELECT tag FROM cachectl_tags')).to.have.lengthOf(1);
    });

    it('asks at a terminal', async () => {
      const put = ['put', 'k', 'v', '--tags', 'a', '--url', server.url];
      const declined = await onTerminal(put, { HOME: folder }, { prompt: 'Create it?', keys: 'n\r' });
      expect(declined.code, declined.screen).to.equal(1);
      expect(await hasTable()).to.be.false;
      const agreed = await onTerminal(put, { HOME: folder }, { prompt: 'Create it?', keys: 'y\r' });
      expect(agreed.code, agreed.screen).to.equal(0);
      expect(await hasTable()).to.be.true;
    });

    it('creates nothing for an entry without tags', async () => {
      expect((await run(['put', 'k', 'v'], true)).code).to.equal(0);
      expect(await hasTable()).to.be.false;
    });
  });
}
