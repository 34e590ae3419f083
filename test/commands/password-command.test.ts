import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl, type Result } from '../support/cli.js';
import { expectFault } from '../support/faults.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

describe('passwordCommand', () => {
  let folder: string;
  let redis: RedisServer;

  before(async function () {
    redis = await startRedis(this, '--requirepass', 'hunter2');
  });

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-password-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  after(async () => redis?.stop());

  /** With these lines in the profile. */
  const run = async (lines: string, ...args: string[]): Promise<Result> => {
    const keys = `    driver: redis\n    host: 127.0.0.1\n    port: ${redis.port}\n${lines}`;
    writeFileSync(path.join(folder, 'cachectl.yaml'), `profiles:\n  shop:\n${keys}`);
    return cachectl(args, { cwd: folder });
  };

  it('logs in with the output of a program, or of a line for the shell', async () => {
    const list = '    passwordCommand: [printf, hunter2]\n';
    expect(await run(list, 'put', 'a', '1')).to.include({ code: 0, err: '' });
    const line = '    passwordCommand: echo hunter3 | tr 3 2\n';
    expect(await run(line, 'get', 'a')).to.include({ code: 0, out: '1\n' });
  });

  it('runs once, in the folder of the profile file, for locks as well', async () => {
    const lines = '    passwordCommand: echo x >> runs; echo hunter2\n    locks: { database: 1 }\n';
    expect(await run(lines, 'lock:run', 'deploy', '--', 'true')).to.include({ code: 0 });
    expect(readFileSync(path.join(folder, 'runs'), 'utf8')).to.equal('x\n');
  });

  it('is not run by profile:check and profile:show', async () => {
    for (const command of ['profile:check', 'profile:show', 'profile:list']) {
      expect(await run('    passwordCommand: touch ran\n', command)).to.include({ code: 0 });
    }

    expect(existsSync(path.join(folder, 'ran'))).to.equal(false);
  });

  const failures: ReadonlyArray<[lines: string, message: RegExp]> = [
    ['    passwordCommand: echo hunter2; echo hunter2 >&2; exit 7\n', /passwordCommand of profile shop exited 7$/],
    ['    passwordCommand: "true"\n', /printed nothing$/],
    ['    passwordCommand: printf "hunter2\\n\\nhunter2\\n"\n', /printed more than one line$/],
    ['    passwordCommand: [no-such-program]\n', /names a program that is not there$/],
    ['    passwordCommand: echo a\n    password: b\n', /cannot be combined with password$/],
    ['    passwordCommnd: echo a\n', /unknown key "passwordCommnd"/],
  ];
  for (const [lines, message] of failures) {
    it(`fails without its output: ${lines.trim()}`, async () => {
      const result = await run(lines, 'get', 'a');
      expectFault(result, { code: 2, message });
      expect(result.err)
        .to.match(/cachectl\.yaml:6: /)
        .and.not.to.include('hunter2');
    });
  }
});
