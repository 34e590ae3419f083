import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

import { type RedisServer, startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

const PAGE = readFileSync(new URL('../../docs/ci.md', import.meta.url), 'utf8');
const PROGRAM = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** These are tested by an installation of the packed program, and by the runners' own services. */
const NOT_RUN = new Set(['npm install --global cachectl']);

/** The shell lines of both jobs, by the heading of their section. */
const JOBS: Readonly<Record<string, readonly string[]>> = {
  'GitHub Actions': job<{ jobs: { deploy: { steps: ReadonlyArray<{ run?: string }> } } }>(
    'GitHub Actions',
  ).jobs.deploy.steps.flatMap(({ run }) => (run === undefined ? [] : [run])),
  GitLab: job<{ deploy: { script: readonly string[] } }>('GitLab').deploy.script,
};

function job<Job>(section: string): Job {
  const [, text = ''] = new RegExp(`^## ${section}$.*?^\`\`\`yaml\n(.*?)^\`\`\``, 'ms').exec(PAGE) ?? [];
  return parse(text) as Job;
}

describe('the jobs of docs/ci.md', () => {
  let server: RedisServer;
  let folder: string;

  before(async function () {
    server = await startRedis(this);
    folder = scratchFolder('ci');
    mkdirSync(path.join(folder, 'bin'));
    script(path.join('bin', 'cachectl'), `exec '${process.execPath}' '${PROGRAM}' "$@"`);
    script('deploy.sh', 'echo deployed');
  });

  after(async () => server?.stop());

  const script = (name: string, text: string): void => {
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(path.join(folder, name), 0o755);
  };

  const run = async (line: string): Promise<{ code: null | number; output: string }> =>
    new Promise((resolve) => {
      const env = {
        PATH: `${path.join(folder, 'bin')}:${process.env.PATH ?? ''}`,
        HOME: folder,
        CACHECTL_URL: `${server.url}?prefix=shop-cache-`,
      };
      const child = execFile('sh', ['-c', line], { cwd: folder, env }, (_error, out, err) => {
        resolve({ code: child.exitCode, output: out + err });
      });
      child.stdin?.end();
    });

  for (const [runner, lines] of Object.entries(JOBS)) {
    it(`each step works as written: ${runner}`, async () => {
      const steps = lines.filter((line) => !NOT_RUN.has(line));
      expect(steps).to.have.length(4);
      await run('cachectl put home page --tags products');
      for (const line of steps) {
        const { code, output } = await run(line);
        expect(code, `${line}\n${output}`).to.equal(0);
        if (line.includes('lock:run')) expect(output).to.include('deployed');
        if (line.includes('tags:flush')) expect(output).to.include('removed 1 entry');
      }
    });
  }
});
