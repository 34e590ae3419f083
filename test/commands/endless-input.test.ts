import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { cachectl, start } from '../support/cli.js';
import { scratchFolder } from '../support/scratch.js';

describe('a value without end', () => {
  const url = `sqlite://${scratchFolder('endless')}/cache.sqlite`;

  it('is refused from a device, which is not read to its end', async () => {
    const { code, err } = await cachectl(['put', 'k', '--file', '/dev/zero', '--url', url]);
    expect({ code, err }).to.include({ code: 2 });
    expect(err).to.include('the value is larger than 128 MiB');
  });

  it('is refused from standard input', async () => {
    const run = start(['put', 'k', '-', '--url', url]);
    const source = spawn('cat', ['/dev/zero'], { stdio: ['ignore', 'pipe', 'ignore'] });
    run.child.stdin.on('error', () => {});
    source.stdout.pipe(run.child.stdin);
    const { code, err } = await run.ended;
    source.kill();
    await once(source, 'close');
    expect(code).to.equal(2);
    expect(err).to.include('the value is larger than 128 MiB');
  });
});
