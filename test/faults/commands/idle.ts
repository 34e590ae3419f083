import type { Context } from 'mocha';

import { expect } from 'chai';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Lane } from './matrix.js';

import { until } from '../../../src/testing/suite/stores.js';
import { cachectl, start } from '../../support/cli.js';
import { requireProgram } from '../../support/requirements.js';
import { scratchFolder } from '../../support/scratch.js';
import { onTerminal } from '../../support/terminal.js';

/** Servers close connections that were idle for long. End all of them while a command waits for something else. */
export async function expectNewConnections(context: Context, lane: Lane): Promise<void> {
  requireProgram(context, 'script');
  const env = { CACHECTL_URL: lane.url('idle-'), ...editor() };
  expect(await cachectl(['put', 'k', 'before'], { env })).to.include({ code: 0 });

  const edit = start(['edit', 'k'], { env });
  await until(async () => existsSync(env.STARTED));
  await lane.endAll();
  writeFileSync(env.GO, '');
  expect(await edit.ended).to.include({ code: 0 });
  expect(await cachectl(['get', 'k'], { env })).to.include({ code: 0, out: 'after\n' });

  const job = start(['lock:run', 'deploy', '--ttl', '10m', '--', 'sh', '-c', 'echo held; read _'], { env });
  await job.saw('held');
  await lane.endAll();
  job.child.stdin.end('\n');
  expect(await job.ended).to.include({ code: 0, out: 'held\n', err: '' });
  const next = await cachectl(['lock:run', 'deploy', '--', 'echo', 'next'], { env });
  expect(next).to.include({ code: 0, out: 'next\n' });

  const picked = await onTerminal(['get'], env, {
    prompt: 'Which key',
    keys: '\r',
    meanwhile: async () => lane.endAll(),
  });
  expect(picked.code, picked.screen).to.equal(0);
  expect(picked.screen).to.include('after');

  const flushed = await onTerminal(['flush'], env, {
    prompt: 'Go ahead?',
    keys: 'y\r',
    meanwhile: async () => lane.endAll(),
  });
  expect(flushed.code, flushed.screen).to.equal(0);
  expect(await cachectl(['get', 'k'], { env })).to.include({ code: 1 });
}

/** An editor that writes a file when it starts, and changes the text once another file exists. */
function editor(): Record<'EDITOR' | 'GO' | 'STARTED', string> {
  const folder = scratchFolder('idle');
  const [EDITOR, STARTED, GO] = ['editor', 'started', 'go'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  const wait = 'until [ -e "$GO" ]; do sleep 0.05; done';
  writeFileSync(EDITOR, `#!/bin/sh\n: > "$STARTED"\n${wait}\nprintf after > "$1"\n`, { mode: 0o755 });
  return { EDITOR, STARTED, GO };
}
