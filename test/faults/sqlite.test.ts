import { expect } from 'chai';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, start } from '../support/cli.js';
import { Database } from '../support/database.js';
import { expectFault } from '../support/faults.js';

describe('an SQLite file that cannot be used', () => {
  let folder = '';
  let file = '';
  let entries = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-faults-'));
    file = path.join(folder, 'cache.sqlite');
    entries = path.join(folder, 'entries.ndjson');
    writeFileSync(entries, '{"key":"a","value":1}\n');
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  const run = async (...args: string[]) => cachectl([...args, '--url', `sqlite://${file}`]);
  const commands = (): string[][] => [
    ['get', 'a'],
    ['get', 'a', 'b'],
    ['put', 'a', 'b'],
    ['put', 'a', 'b', '--tags', 't'],
    ['put', '--from', entries],
    ['forget', 'a'],
    ['flush', '--yes'],
    ['events:tail', '--for', '1s'],
  ];
  const every = (): string[][] => [
    ...commands(),
    ['tags:flush', 't', '--yes'],
    ['lock:acquire', 'a', '--ttl', '60'],
    ['lock:release', 'a', '--owner', 'ann'],
  ];

  async function expectEvery(fault: { message: string; hint?: string }, which: string[][]): Promise<void> {
    for (const command of which) expectFault(await run(...command), { code: 3, ...fault });
  }

  it('is a text file', async () => {
    writeFileSync(file, 'Dear diary, this is not a database.\n'.repeat(40));
    const before = readFileSync(file);
    await expectEvery({ message: `${file} is not an SQLite database`, hint: 'Nothing was changed' }, every());
    expect(readFileSync(file).equals(before)).to.equal(true);
    expect(existsSync(`${file}-wal`)).to.equal(false);
  });

  it('is damaged', async () => {
    await run('put', 'a', 'b');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xaa, 4096));
    await expectEvery(
      { message: `${file} is damaged: database disk image is malformed`, hint: '.recover' },
      commands(),
    );
  });

  it('is truncated', async () => {
    await run('put', 'a', 'b');
    writeFileSync(file, readFileSync(file).subarray(0, 5000));
    await expectEvery({ message: `${file} is damaged: database disk image is malformed` }, every());
  });

  it('is a folder', async () => {
    mkdirSync(file);
    await expectEvery({ message: `${file} is a folder, not a file` }, every());
  });

  it('is below a file in place of a folder', async () => {
    const above = file;
    writeFileSync(above, '');
    file = path.join(above, 'deeper', 'cache.sqlite');
    await expectEvery({ message: `cannot open ${file}: not a directory`, hint: 'Check path in the profile' }, every());
    const { code, out } = await run('doctor');
    expect(code).to.equal(3);
    expect(out).to.contain(`cannot read ${file}: a part of its path is not a folder`);
  });

  if (process.platform === 'linux') {
    it('is where nothing can be created', async () => {
      file = '/proc/none/cache.sqlite';
      const fault = { code: 3, message: `cannot open ${file}: no such file or directory` };
      expectFault(await run('put', 'a', 'b'), fault);
    });
  }

  it('has such a table with other columns, which stays unchanged', async () => {
    const database = new Database(file);
    database.exec(`CREATE TABLE cache (id INTEGER PRIMARY KEY, payload TEXT); INSERT INTO cache VALUES (1, 'keep')`);
    await expectEvery({ message: `${file} refused: `, hint: 'table and lockTable in the profile' }, commands());
    expect(database.prepare('SELECT * FROM cache').all()).to.deep.equal([{ id: 1, payload: 'keep' }]);
    expect(database.prepare('SELECT name FROM sqlite_master').pluck().all()).to.deep.equal(['cache']);
    database.close();
  });

  it('is locked by another process for longer than --timeout', async () => {
    await run('put', 'a', 'b');
    const other = new Database(file);
    other.pragma('journal_mode = DELETE');
    other.exec('BEGIN EXCLUSIVE');
    const message = `${file} is still locked by another process`;
    const results = await Promise.all(every().map(async (command) => run(...command, '--timeout', '1s')));
    for (const result of results) expectFault(result, { code: 3, message, hint: '--timeout' });
    other.exec('COMMIT');
    other.close();
    expect(await run('get', 'a')).to.include({ code: 0, out: 'b\n' });
  }).timeout(60_000);

  it('is read while another process writes, in WAL mode', async () => {
    await run('put', 'a', 'b');
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    expect(await run('get', 'a')).to.include({ code: 0, out: 'b\n', err: '' });
    expectFault(await run('put', 'a', 'c', '--timeout', '1s'), { code: 3, message: 'still locked' });
    other.exec('ROLLBACK');
    other.close();
  });

  it('is created with its folders by the first write, not by a read', async () => {
    file = path.join(folder, 'of', 'my', 'own', 'cache.sqlite');
    expect((await run('get', 'a')).code).to.equal(1);
    expect((await run('forget', 'a')).code).to.equal(1);
    expect((await run('flush', '--yes')).code).to.equal(3);
    expect(existsSync(path.join(folder, 'of'))).to.equal(false);
    expect(await run('put', 'a', 'b')).to.include({ code: 0, err: '' });
    expect(await run('get', 'a')).to.include({ code: 0, out: 'b\n' });
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(statSync(path.join(folder, 'of', 'my')).mode & 0o777).to.equal(0o700);
  });

  it('is removed while lock:run holds a lock in it, which is lost then', async () => {
    const job = start([
      'lock:run',
      'L',
      '--ttl',
      '3s',
      '--url',
      `sqlite://${file}`,
      '--',
      'sh',
      '-c',
      'echo on; sleep 60',
    ]);
    await job.saw('on');
    for (const name of readdirSync(folder)) if (name.startsWith('cache.sqlite')) rmSync(path.join(folder, name));
    expect((await run('lock:acquire', 'L', '--ttl', '60')).code).to.equal(0);
    const { code, err } = await job.ended;
    expect(code, err).to.equal(76);
    expect(err).to.include('L was lost while the command ran');
  });

  it('is removed while lock:acquire waits, which then finds the lock free', async () => {
    await run('lock:acquire', 'L', '--ttl', '1h');
    const waiting = start(['lock:acquire', 'L', '--ttl', '60', '--wait', '60s', '--url', `sqlite://${file}`]);
    await waiting.saw('waiting for L', 'err');
    for (const name of readdirSync(folder)) if (name.startsWith('cache.sqlite')) rmSync(path.join(folder, name));
    const { code, err } = await waiting.ended;
    expect(code, err).to.equal(0);
  });
});
