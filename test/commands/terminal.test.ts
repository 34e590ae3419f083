import { expect } from 'chai';

import { requireProgram } from '../support/requirements.js';
import { scratchFolder } from '../support/scratch.js';
import { onTerminal } from '../support/terminal.js';

describe('on a terminal', () => {
  const home = scratchFolder('terminal');
  const env = { HOME: home, CACHECTL_URL: `sqlite://${home}/cache.sqlite?prefix=shop-` };
  const protectedEnv = { HOME: home, CACHECTL_URL: `sqlite://${home}/cache.sqlite?prefix=shop-&protected=true` };

  before(function () {
    requireProgram(this, 'script');
  });

  beforeEach(async () => {
    await onTerminal(['put', 'a', '1'], env);
    await onTerminal(['put', 'b', 'two'], env);
  });

  it('flush shows its scope, and continues on a yes', async () => {
    const { code, screen } = await onTerminal(['flush'], env, { prompt: 'Go ahead?', keys: 'y\r' });
    expect(screen).to.include('removes everything under the prefix shop-: 2 entries');
    expect(screen).to.include(`${home}/cache.sqlite`);
    expect(screen).to.include('removed 2 entries');
    expect(code).to.equal(0);
  });

  it('flush changes nothing on a no, and exits 1', async () => {
    const { code, screen } = await onTerminal(['flush'], env, { prompt: 'Go ahead?', keys: '\r' });
    expect(screen).to.include('nothing was changed');
    expect(screen).not.to.include('error:');
    expect(code).to.equal(1);
    expect((await onTerminal(['get', 'a'], env)).code).to.equal(0);
  });

  it('flush changes nothing on Ctrl-C at the question, and exits 130', async () => {
    const { code } = await onTerminal(['flush'], env, { prompt: 'Go ahead?', keys: '\u0003' });
    expect(code).to.equal(130);
    expect((await onTerminal(['get', 'a'], env)).code).to.equal(0);
  });

  it('flush changes nothing if the terminal is closed at the question', async () => {
    const { code, screen } = await onTerminal(['flush'], env, { prompt: 'Go ahead?', keys: '\u0004' });
    expect(screen).to.include('nothing was changed');
    expect(code).to.equal(130);
  });

  it('a protected profile asks for its name', async () => {
    const wrong = await onTerminal(['flush'], protectedEnv, { prompt: 'Type its name', keys: 'shop\r' });
    expect(wrong.code).to.equal(1);
    const right = await onTerminal(['flush'], protectedEnv, { prompt: 'Type its name', keys: 'sqlite\r' });
    expect(right.screen).to.include('removed 2 entries');
  });

  it('several keys are a table with their TTLs', async () => {
    const { screen } = await onTerminal(['get', 'a', 'b'], env);
    expect(screen.split('\r\n').map((line) => line.trim().split(/ {2,}/))).to.deep.include(['b', 'two', 'never']);
  });

  it('lock:release --force breaks only the lock of the holder that it showed', async () => {
    await onTerminal(['lock:acquire', 'deploy', '--ttl', '0', '--owner', 'ann'], env);
    const { code, screen } = await onTerminal(['lock:release', 'deploy', '--force'], env, {
      prompt: 'Go ahead?',
      keys: 'y\r',
      async meanwhile() {
        await onTerminal(['lock:release', 'deploy', '--owner', 'ann'], env);
        await onTerminal(['lock:acquire', 'deploy', '--ttl', '0', '--owner', 'bob'], env);
      },
    });
    expect(screen).to.include('because it changed hands: it is held by bob');
    expect(code).to.equal(1);
    const yes = await onTerminal(['lock:release', 'deploy', '--force'], env, { prompt: 'Go ahead?', keys: 'y\r' });
    expect(yes.screen).to.include('broke deploy, which was held by bob');
    expect(yes.code).to.equal(0);
  });

  it('a table does not cut wide cells if there is room', async () => {
    await onTerminal(['lock:acquire', '共有ロックの名前', '--ttl', '0', '--owner', 'ann'], env);
    const { screen } = await onTerminal(['lock:list'], env);
    expect(screen).to.match(/^共有ロックの名前 +ann +never +location +a lock/m);
  });

  it('prints a key too long for the table in full, on a separate line', async () => {
    const folder = scratchFolder('terminal-wide');
    const wide = { HOME: folder, CACHECTL_URL: `sqlite://${folder}/cache.sqlite` };
    await onTerminal(['put', '😀'.repeat(60), '1'], wide);
    await onTerminal(['put', `a${'😀'.repeat(60)}`, '1'], wide);
    const { screen } = await onTerminal(['keys', '--long'], wide);
    expect(screen.match(/^a?(?:😀){60}\r\n +string/gmu), screen).to.have.lengthOf(2);
    expect(screen).not.to.include('\uFFFD');
  });

  it('lock:watch of more locks than lines says how many are hidden', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `lock-${index + 1}`);
    const { code, screen } = await onTerminal(['lock:watch', ...names], env, { prompt: 'more', keys: '\u0003' });
    expect(screen)
      .to.match(/lock-22: free[^\n]*\r\nand 8 more\r\n/)
      .and.not.include('lock-23: free');
    expect(code).to.equal(130);
  });

  it('a value cannot control the terminal', async () => {
    await onTerminal(['put', 'evil', '\u001B]0;title\u0007\u001B[2J'], env);
    const { coloured } = await onTerminal(['get', 'evil'], env);
    expect(coloured).to.include(String.raw`\x1b]0;title\x07\x1b[2J`);
    expect(coloured).not.to.include('\u001B');
  });

  it('errors are coloured unless NO_COLOR is set', async () => {
    expect((await onTerminal(['get', ''], env)).coloured).to.include('\u001B[31merror:');
    expect((await onTerminal(['get', ''], { ...env, NO_COLOR: '1' })).coloured).not.to.include('\u001B');
  });

  it('top draws a table until q, and leaves the last one on the screen', async () => {
    const { code, screen } = await onTerminal(['top'], env, { prompt: 'events in', keys: 'q' });
    expect(code).to.equal(0);
    expect(screen).to.match(/triggers, added to [^:]*:\s+writes/);
    expect(screen.trimEnd()).to.match(/0 events in \d+\.\ds \(0\.0\/s\)$/);
  });

  it('no escape sequence is sent if it is dumb', async () => {
    const { coloured } = await onTerminal(['top', '--for', '1500ms'], { ...env, TERM: 'dumb' });
    expect(coloured).not.to.include('\u001B');
  });

  it('top ends on Ctrl-C like every command', async () => {
    const { code } = await onTerminal(['top'], env, { prompt: 'events in', keys: '\u0003' });
    expect(code).to.equal(130);
  });
});
