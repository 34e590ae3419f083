import { expect } from 'chai';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl, type Result } from '../support/cli.js';
import { scratchFolder } from '../support/scratch.js';

/** Without a umask, a file has the mode that the program asked for. */
const WITHOUT_UMASK = ['sh', '-c', 'umask 000; exec "$0" "$@"'];

describe('files that cachectl creates', () => {
  const folder = scratchFolder('private');
  const work = path.join(folder, 'work');
  const home = path.join(folder, 'home');
  const env = { HOME: home, XDG_CACHE_HOME: '', XDG_DATA_HOME: '', XDG_STATE_HOME: '', XDG_CONFIG_HOME: '' };

  const run = async (args: readonly string[], more: Record<string, string> = {}): Promise<Result> =>
    cachectl(args, { cwd: work, env: { ...env, ...more }, through: WITHOUT_UMASK });

  before(() => {
    mkdirSync(work, { recursive: true });
    mkdirSync(home);
  });

  it('are private whatever the umask', async () => {
    const seen = path.join(folder, 'seen');
    const editor = path.join(folder, 'editor');
    writeFileSync(editor, `#!/bin/sh\nstat -c %a "$1" "$(dirname "$1")" > ${seen}\nprintf '"changed"' > "$1"\n`, {
      mode: 0o755,
    });
    for (const args of [
      ['put', 'a', 'one'],
      ['put', 'a', 'one', '--url', 'sqlite:own/cache.sqlite'],
      ['keys'],
      ['export', '-o', 'dump'],
      ['import', 'dump'],
      ['edit', 'a'],
      ['remember', 'k', '--ttl', '60', '--', 'echo', 'output'],
      ['lock:run', 'job', '--', 'true'],
      ['profile:init', '--url', 'sqlite:own/cache.sqlite'],
      ['__complete', 'zsh', 'get', ''],
    ]) {
      const { code, err } = await run(args, { EDITOR: editor, VISUAL: editor });
      expect(code, `${args.join(' ')}: ${err}`).to.equal(0);
    }

    const found = filesBelow(folder).filter(({ name }) => !['', 'editor', 'home', 'seen', 'work'].includes(name));
    const names = found.map(({ name }) => name);
    expect(names).to.include.members(['work/own', 'work/own/cache.sqlite', 'work/dump']);
    const open = found.filter(({ mode }) => (mode & 0o077) !== 0);
    expect(open).to.deep.equal([]);
    expect(readFileSync(seen, 'utf8')).to.equal('600\n700\n');
  });

  it('are not written through a symbolic link', async () => {
    const victim = path.join(folder, 'victim');
    writeFileSync(victim, 'precious');
    for (const name of [
      'links',
      'links.import-state.new',
      'links.import-state',
      'links.part',
      'links.export-state.new',
    ]) {
      if (name !== 'links') symlinkSync(victim, path.join(work, name));
    }

    await run(['put', 'a', 'one']);
    await run(['export', '-o', 'links', '--resume', '--yes']);
    await run(['export', '-o', 'links', '--yes']);
    await run(['import', 'links', '--resume']);
    await run(['import', 'links']);
    expect(readFileSync(victim, 'utf8')).to.equal('precious');
  });

  it('are not created in a cache folder that others can write to', async () => {
    const cache = path.join(folder, 'shared');
    mkdirSync(path.join(cache, 'cachectl', 'completion'), { recursive: true });
    for (const each of [cache, path.join(cache, 'cachectl'), path.join(cache, 'cachectl', 'completion')]) {
      chmodSync(each, 0o777);
    }

    expect((await run(['get', 'a'], { XDG_CACHE_HOME: cache })).code).to.equal(0);
    await run(['__complete', 'zsh', 'get', ''], { XDG_CACHE_HOME: cache });
    expect(filesBelow(cache).map(({ name }) => name)).to.deep.equal(['cachectl', 'cachectl/completion']);
  });
});

/** Files and folders below a folder, except those within a private folder. */
function filesBelow(folder: string, below = ''): Array<{ name: string; mode: number }> {
  return readdirSync(path.join(folder, below)).flatMap((name) => {
    const inner = path.join(below, name);
    const stats = lstatSync(path.join(folder, inner));
    const own = { name: inner, mode: stats.mode & 0o777 };
    return stats.isDirectory() ? [own, ...filesBelow(folder, inner)] : [own];
  });
}
