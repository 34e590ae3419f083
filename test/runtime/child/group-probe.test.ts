import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { until } from '../../../src/testing/suite/stores.js';

const PROBE = new URL('../../../src/runtime/child/group-probe.ts', import.meta.url).href;

const SCRIPT = `
  const { GroupProbe } = await import(${JSON.stringify(PROBE)});
  const probe = new GroupProbe();
  process.on('SIGTERM', async () => {
    console.log(await probe.sawToo('SIGTERM'));
    probe.stop();
    clearInterval(running);
  });
  const running = setInterval(() => {}, 1000);
  console.log('helper ' + [...probe.pids]);
`;

describe('a probe of the process group', () => {
  for (const [what, isSuspended, toGroup] of [
    ['tells a signal to the group', false, true],
    ['tells a signal to the process alone', false, false],
    ['tells a signal to the group that arrives while the process is suspended', true, true],
    ['tells a signal to the process alone that arrives while it is suspended', true, false],
  ] as const) {
    it(what, async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', SCRIPT], {
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (text: Buffer) => {
        out += text.toString();
      });
      await until(() => out.includes('\n'));
      const helper = /\d+/.exec(out)![0];
      if (isSuspended) child.kill('SIGSTOP');
      process.kill(toGroup ? -child.pid! : child.pid!, 'SIGTERM');
      // The process then learns of the helper's end and of its own signal at once.
      if (isSuspended && toGroup) await until(() => hasEnded(helper));
      if (isSuspended) child.kill('SIGCONT');
      await once(child, 'close');
      expect(out).to.equal(`helper ${helper}\n${toGroup}\n`);
    });
  }
});

/** A zombie, since its parent is suspended. */
function hasEnded(pid: string): boolean {
  return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}
