import { expect } from 'chai';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, type Result, type RunOptions } from '../support/cli.js';
import { Database } from '../support/database.js';
import { expectFault } from '../support/faults.js';
import { requireProgram } from '../support/requirements.js';

/** Commands that read or change single entries, and their exit codes on an empty cache. */
const READS: ReadonlyArray<readonly [args: readonly string[], code: number]> = [
  [['get', 'k'], 1],
  [['get', 'k', '--default', '1'], 0],
  [['inspect', 'k'], 1],
  [['keys'], 0],
  [['stats'], 0],
  [['keys', '--count'], 0],
  [['forget', 'k'], 1],
  [['pull', 'k'], 1],
  [['touch', 'k', '--ttl', '60'], 1],
  [['tags:list'], 0],
  [['tags:show', 't'], 1],
];

/** Commands that answer for everything in the cache. */
const COVERS: ReadonlyArray<readonly string[]> = [
  ['flush', '--yes'],
  ['flush', '--dry-run'],
  ['flush', '--pattern', '*', '--yes'],
  ['tags:flush', 't', '--yes'],
  ['tags:prune'],
  ['export'],
  ['copy', '--to-url', 'sqlite://./target.sqlite'],
];

const OF_LOCKS: ReadonlyArray<readonly [args: readonly string[], code: number]> = [
  [['lock:list'], 0],
  [['lock:show', 'l'], 1],
  [['lock:release', 'l', '--owner', 'ann'], 1],
];

describe('SQLite in the field', () => {
  let folder = '';
  let url = '';
  let message = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-deployed-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  const run = async (url: string, args: readonly string[], options: RunOptions = {}): Promise<Result> =>
    cachectl([...args, '--url', url], { cwd: folder, ...options });

  describe('with a path that names no file', () => {
    beforeEach(() => {
      url = `sqlite://${folder}/mistyped.sqlite`;
      message = `there is no cache at ${folder}/mistyped.sqlite: the file does not exist yet`;
    });

    for (const [args, code] of [...READS, ...OF_LOCKS]) {
      it(`${args.join(' ')} reports it, and creates nothing`, async () => {
        const result = await run(url, args);
        expect(result.err).to.include(`warning: ${message}\n  Check the path in the profile or URL.`);
        expect(result.code).to.equal(code);
        expect(existsSync(`${folder}/mistyped.sqlite`)).to.be.false;
      });
    }

    for (const args of COVERS) {
      it(`${args.join(' ')} fails, and creates nothing`, async () => {
        expectFault(await run(url, args), { code: 3, message, hint: 'Check the path' });
        expect(existsSync(`${folder}/mistyped.sqlite`)).to.be.false;
        expect(existsSync(`${folder}/target.sqlite`)).to.be.false;
      });
    }

    it('doctor reports a fault', async () => {
      const { code, out } = await run(url, ['doctor']);
      expect(out).to.include(`fault\tentries\t${message}`);
      expect(code).to.equal(1);
    });

    it('a profile file behaves the same', async () => {
      writeFileSync(`${folder}/cachectl.yaml`, 'profiles:\n  local:\n    driver: sqlite\n    path: mistyped.sqlite\n');
      const result = await cachectl(['get', 'k'], { cwd: folder });
      expect(result.err).to.include(message);
      expectFault(await cachectl(['flush', '--yes'], { cwd: folder }), { code: 3, message, hint: 'Check' });
    });

    it('writes create it without a warning', async () => {
      expect(await run(url, ['put', 'k', 'v'])).to.include({ code: 0, err: '' });
      expect(await run(url, ['get', 'k'])).to.include({ code: 0, out: 'v\n', err: '' });
      for (const args of [['lock:list'], ['tags:list'], ['flush', '--yes'], ['export']]) {
        const result = await run(url, args);
        expect(result.code, args[0]).to.equal(0);
        expect(result.err, args[0]).not.to.include('warning');
      }
    });

    it('a lock creates the cache table too, so reads and flushes work', async () => {
      expect((await run(url, ['lock:acquire', 'l', '--ttl', '1h'])).code).to.equal(0);
      expect(await run(url, ['keys'])).to.include({ code: 0, out: '', err: '' });
      expect(await run(url, ['flush', '--locks', '--yes'])).to.include({ code: 0, out: 'removed 1 entry\n' });
    });
  });

  describe('without a profile', () => {
    it('an empty cache is empty, not a fault', async () => {
      const home = path.join(folder, 'home');
      for (const [args, code] of [...READS, ...OF_LOCKS, [['flush', '--yes'], 0], [['doctor'], 0]] as const) {
        const result = await cachectl(args, { cwd: folder, env: { HOME: home } });
        expect(result.code, args.join(' ')).to.equal(code);
        expect(result.err, args.join(' ')).not.to.include('warning');
      }
    });
  });

  describe('with a table that the file does not have', () => {
    beforeEach(() => {
      url = `sqlite://${folder}/app.sqlite?table=cahce&lockTable=cache_lokcs`;
      message = `${folder}/app.sqlite has no table cahce`;
      new Database(`${folder}/app.sqlite`)
        .exec(
          `CREATE TABLE cache ("key" varchar primary key, "value" text not null, "expiration" integer not null);
           CREATE TABLE cache_locks ("key" varchar primary key, "owner" text not null, "expiration" integer not null);
           INSERT INTO cache VALUES ('k', 's:1:"v";', 4102444800)`,
        )
        .close();
    });

    for (const [args, code] of READS) {
      it(`${args.join(' ')} reports it`, async () => {
        const result = await run(url, args);
        expect(result.err).to.include(`warning: ${message}\n  Check path and table in the profile or URL.`);
        expect(result.code).to.equal(code);
      });
    }

    for (const [args, code] of OF_LOCKS) {
      it(`${args.join(' ')} reports it for the lock table`, async () => {
        const result = await run(url, args);
        expect(result.err).to.include(`warning: ${folder}/app.sqlite has no table cache_lokcs\n`);
        expect(result.code).to.equal(code);
      });
    }

    for (const args of COVERS) {
      it(`${args.join(' ')} fails`, async () => {
        expectFault(await run(url, args), { code: 3, message, hint: 'Check path and table' });
      });
    }

    it('flush --locks-only needs the lock table alone', async () => {
      const flush = ['flush', '--locks-only', '--yes'];
      expectFault(await run(`sqlite://${folder}/app.sqlite?lockTable=cache_lokcs`, flush), {
        code: 3,
        message: `${folder}/app.sqlite has no table cache_lokcs`,
        hint: 'Check path and lockTable',
      });
      expect(await run(`sqlite://${folder}/app.sqlite?table=cahce`, flush)).to.include({
        code: 0,
        out: 'removed 0 locks\n',
      });
    });

    it('doctor finds a fault, and none once the name is right', async () => {
      const { code, out } = await run(url, ['doctor']);
      expect(out).to.include(`fault\tentries\t${message}`);
      expect(code).to.equal(1);
      expect((await run(`sqlite://${folder}/app.sqlite`, ['doctor'])).code).to.equal(0);
    });
  });

  it('rows with a BLOB as key, which no client finds, are reported by doctor and removed by flush --all', async () => {
    url = `sqlite://${folder}/app.sqlite`;
    await run(url, ['put', 'k', 'v']);
    const database = new Database(`${folder}/app.sqlite`);
    database.exec("INSERT INTO cache SELECT CAST('theirs' AS BLOB), value, expiration FROM cache");
    expect((await run(url, ['export'])).out).to.equal('{"key":"k","value":"v","expires":null}\n');
    expect((await run(url, ['doctor'])).out).to.include('warning\tkeys of cache\t1 row has a BLOB as key');
    expect(await run(url, ['flush', '--all', '--yes'])).to.include({ code: 0, out: 'removed 2 entries\n' });
    expect(database.prepare('SELECT * FROM cache').all()).to.deep.equal([]);
    database.close();
  });

  it('a row without a value is an entry that cannot be read, and can be removed', async () => {
    url = `sqlite://${folder}/app.sqlite`;
    const database = new Database(`${folder}/app.sqlite`);
    database.exec("CREATE TABLE cache (key PRIMARY KEY, value, expiration); INSERT INTO cache VALUES ('k', NULL, 9e9)");
    expect(await run(url, ['get', 'k']))
      .to.include({ code: 3 })
      .and.property('err')
      .to.include('"k" cannot be read');
    expect((await run(url, ['keys', '--long'])).out).to.match(/^k\tundecodable\t0\t/);
    expect(await run(url, ['flush', '--pattern', 'k*', '--yes'])).to.include({
      code: 0,
      out: 'removed 1 entry, 0 B\n',
    });
    database.close();
  });

  describe('in a folder that this user may not write to', () => {
    /** Root may write everywhere, so drop that privilege. */
    const restricted: { through?: readonly string[] } = {};

    before(function () {
      if (process.getuid?.() !== 0) return;
      requireProgram(this, 'setpriv');
      restricted.through = ['setpriv', '--bounding-set=-dac_override'];
    });

    beforeEach(async () => {
      url = `sqlite://${folder}/app.sqlite`;
      await run(url, ['put', 'k', 'v']);
      chmodSync(`${folder}/app.sqlite`, 0o444);
      chmodSync(folder, 0o555);
    });

    afterEach(() => chmodSync(folder, 0o755));

    it('stats and doctor report on the file, not on the copy that is read', async () => {
      const stats = await run(url, ['stats'], restricted);
      expect(stats).to.include({ code: 0, err: '' });
      expect(stats.out).to.include('journalMode\twal\n');
      const doctor = await run(url, ['doctor', '--read-only'], restricted);
      expect(doctor.out).to.include('ok\tjournal\tWAL').and.to.not.include('mode memory');
      expect(doctor.out).to.include('warning\tpermissions\t');
      expect(doctor.code).to.equal(0);
    });

    it('entries are read, and writes refused', async () => {
      expect(await run(url, ['get', 'k'], restricted)).to.include({ code: 0, out: 'v\n' });
      expectFault(await run(url, ['put', 'k', 'w'], restricted), {
        code: 3,
        message: /^cannot write /,
        hint: 'folder',
      });
      expectFault(await run(url, ['flush', '--yes'], restricted), {
        code: 3,
        message: /^cannot write /,
        hint: 'folder',
      });
    });
  });
});
