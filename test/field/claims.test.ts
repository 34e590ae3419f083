import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { createSqlite } from '../support/places.js';

const PROCESSES = 6;
const ROUNDS = 5;

/** Claim once, and print whether another process was at work meanwhile. */
const CLAIMANT = `
import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const { claimed } = await import(process.argv[1]);
const target = process.argv[2];
try {
  await claimed(target, async () => {
    try {
      writeFileSync(target + '.inside', '', { flag: 'wx' });
    } catch {
      console.log('overlap');
      return;
    }
    await sleep(20);
    rmSync(target + '.inside');
    console.log('worked');
  });
} catch (error) {
  console.log('refused');
}
`;

describe('the files beside an export and an import', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cachectl-claims-'));
  });

  afterEach(() => rmSync(folder, { force: true, recursive: true }));

  it('a claim of a killed process is removed by exactly one process', async () => {
    const module = new URL('../../src/features/transfer/resume/claim.ts', import.meta.url).href;
    for (let round = 0; round < ROUNDS; round++) {
      const target = path.join(folder, `export-${round}`);
      writeFileSync(`${target}.export-claim`, '');
      utimesSync(`${target}.export-claim`, 0, 0);
      const answers = await Promise.all(
        Array.from({ length: PROCESSES }, async () => {
          const loader = process.execArgv.length > 0 ? process.execArgv : ['--import', 'tsx'];
          const args = [...loader, '--input-type=module', '--eval', CLAIMANT, module, target];
          const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
          const chunks: Buffer[] = [];
          child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
          await once(child, 'close');
          return Buffer.concat(chunks).toString().trim();
        }),
      );
      expect(answers).to.include('worked').and.not.include('overlap');
      expect(answers.filter((answer) => answer !== 'refused' && answer !== 'worked')).to.deep.equal([]);
    }
  });

  it('an import does not write its state through a symbolic link', async () => {
    const input = path.join(folder, 'cache.ndjson');
    const victim = path.join(folder, 'victim');
    writeFileSync(victim, 'kept');
    symlinkSync(victim, `${input}.import-state.new`);
    writeFileSync(input, '{"key":"a","value":1}\n{"key":"b","value":2}\nno entry\n');
    await createSqlite(path.join(folder, 'cache.sqlite'));
    await cachectl(['import', input, '--yes', '--url', `sqlite://${folder}/cache.sqlite`]);
    expect(readFileSync(victim, 'utf8')).to.equal('kept');
  });

  it('an import does not read its state through a symbolic link', async () => {
    const input = path.join(folder, 'cache.ndjson');
    writeFileSync(input, '{"key":"a","value":1}\nno entry\n');
    await createSqlite(path.join(folder, 'cache.sqlite'));
    symlinkSync(path.join(folder, 'cache.sqlite'), `${input}.import-state`);
    const { code, err } = await cachectl(['import', input, '--resume', '--url', `sqlite://${folder}/cache.sqlite`]);
    expect(code).to.equal(2);
    expect(err).to.include('cache.ndjson.import-state is not the state of an import');
  });
});
