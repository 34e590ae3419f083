import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { cachectl } from '../support/cli.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** The code of a section's first block in a language. */
function block(section: string, language: string): string {
  const [, text] = new RegExp(`^## ${section}$.*?^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(README)!;
  return text!;
}

function commandsOf(section: string): string[] {
  return block(section, 'sh')
    .split('\n')
    .filter((line) => line.startsWith('cachectl'));
}

/** Without a terminal a question needs its yes, and a look of a second will do. */
function asWritten(line: string): string {
  return line.replace(/--for \d+s/, '--for 1s').replace(/--force\b/, '--force --yes');
}

describe('the examples of README.md, on a stock Redis with the profile in README.md', () => {
  let server: RedisServer;
  let folder: string;

  before(async function () {
    // An option, so that the server is a stock one of its own.
    server = await startRedis(this, '--databases', '16');
    folder = scratchFolder('readme');
    const profile = block('Profiles', 'yaml');
    expect(profile).to.include('redis://127.0.0.1:6379/1');
    writeFileSync(path.join(folder, 'cachectl.yaml'), profile.replace(':6379', `:${server.port}`));
    mkdirSync(path.join(folder, 'bin'));
    script(path.join('bin', 'cachectl'), `exec '${process.execPath}' '${PROGRAM}' "$@"`);
    script('deploy.sh', 'echo deployed');
    script('rates.sh', 'echo 1.08');
  });

  after(async () => server?.stop());

  const script = (name: string, text: string): void => {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(path.join(folder, name), 0o755);
  };

  for (const section of ['At a terminal', 'In CI', 'On call']) {
    it(`work as written: ${section}`, async () => {
      if (section === 'On call') {
        const acquired = await cachectl(['lock:acquire', 'deploy', '--ttl', '1h'], { cwd: folder });
        expect(acquired).to.include({ code: 0 });
      }

      const lines = commandsOf(section);
      expect(lines).to.have.length.of.at.least(3);
      for (const line of lines) {
        const { code, output } = await run(asWritten(line));
        expect(code, `${line}\n${output}`).to.equal(0);
      }
    });
  }

  const run = async (line: string): Promise<{ code: null | number; output: string }> =>
    new Promise((resolve) => {
      const env = { PATH: `${path.join(folder, 'bin')}:${process.env.PATH ?? ''}`, HOME: folder, EDITOR: 'true' };
      const child = execFile('sh', ['-c', line], { cwd: folder, env }, (_error, out, err) => {
        resolve({ code: child.exitCode, output: out + err });
      });
    });
});
