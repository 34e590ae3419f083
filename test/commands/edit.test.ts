import { expect } from 'chai';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cachectl } from '../support/cli.js';
import { type MemcachedServer, startMemcached } from '../support/memcached-server.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { scratchFolder } from '../support/scratch.js';

describe('edit', () => {
  let redis: RedisServer;
  let memcached: MemcachedServer;
  let folder: string;
  const urls: Record<string, () => string> = {
    redis: () => `${redis.url}?prefix=edit-`,
    sqlite: () => `sqlite://${folder}/cache.sqlite`,
    memcached: () => `memcached://${memcached.address}?prefix=edit-`,
  };

  before(async function () {
    redis = await startRedis(this);
    memcached = await startMemcached(this);
  });

  beforeEach(async () => {
    folder = scratchFolder('edit');
    await redis.client.flushall();
  });

  after(async () => Promise.all([redis?.stop(), memcached?.stop()]));

  /** An editor that runs a line of shell with the file as $1. */
  const editor = (line: string): Record<string, string> => {
    const file = path.join(folder, 'editor');
    writeFileSync(file, `#!/bin/sh\n${line}\n`);
    chmodSync(file, 0o755);
    return { EDITOR: file, TMPDIR: folder };
  };

  const drafts = (): string[] => readdirSync(folder).filter((name) => name.startsWith('cachectl-'));

  for (const [store, url] of Object.entries(urls)) {
    it(`stores what the editor wrote, with the TTL and the type: ${store}`, async () => {
      const at = ['--url', url()];
      await cachectl(['put', 'user', '{"name":"Ann","tags":[1,2.5]}', '--as', 'json', '--ttl', '1h', ...at]);
      const env = editor('grep -q \'"name": "Ann"\' "$1" || exit 9; sed -i s/Ann/Bob/ "$1"');
      const { code, err } = await cachectl(['edit', 'user', ...at], { env });
      expect({ code, err }).to.deep.equal({ code: 0, err: '' });
      const { out } = await cachectl(['get', 'user', '--json', ...at]);
      const { value, type, ttl } = JSON.parse(out) as { value: unknown; type: string; ttl: number };
      expect({ value, type }).to.deep.equal({ value: { name: 'Bob', tags: [1, 2.5] }, type: 'array' });
      expect(ttl).to.be.within(3500, 3600);
      expect(drafts()).to.deep.equal([]);
    });

    it(`keeps the text, and writes nothing, if the entry changes meanwhile: ${store}`, async () => {
      const at = ['--url', url()];
      await cachectl(['put', 'greeting', 'hello', ...at]);
      const other = `'${process.execPath}' '${path.resolve('bin/run.js')}' put greeting theirs --url '${url()}'`;
      const env = editor(`${other} && echo mine > "$1"`);
      const { code, out, err } = await cachectl(['edit', 'greeting', '--json', ...at], { env });
      expect(code).to.equal(1);
      expect(err).to.include('greeting has changed or expired since it was opened; nothing was written');
      const { draft, edited } = JSON.parse(out) as { draft: string; edited: boolean };
      expect(edited).to.equal(false);
      expect(readFileSync(draft, 'utf8')).to.equal('mine\n');
      expect((await cachectl(['get', 'greeting', ...at])).out).to.equal('theirs\n');
    });
  }

  it('edits a string as text, in a private file, and leaves the line end of the editor out', async () => {
    const at = ['--url', urls.redis!()];
    await cachectl(['put', 'a/b:c', '42 is {not json', ...at]);
    const env = editor(`stat -c '%a' "$1" "$(dirname "$1")" > modes; basename "$1" >> modes; echo 'two\nlines' > "$1"`);
    expect(await cachectl(['edit', 'a/b:c', ...at], { env, cwd: folder })).to.include({ code: 0 });
    expect(readFileSync(path.join(folder, 'modes'), 'utf8')).to.equal('600\n700\na-b-c.txt\n');
    expect((await cachectl(['get', 'a/b:c', '--json', ...at])).out).to.include(String.raw`"two\nlines"`);
  });

  it('edits a tagged entry, and its tags still flush it', async () => {
    const at = ['--url', urls.redis!()];
    await cachectl(['put', 'John', 'old', '--tags', 'people', ...at]);
    await cachectl(['edit', 'John', '--tags', 'people', ...at], { env: editor('echo new > "$1"') });
    expect((await cachectl(['get', 'John', '--tags', 'people', ...at])).out).to.equal('new\n');
    expect((await cachectl(['tags:flush', 'people', '--yes', ...at])).out).to.equal('removed 1 entry\n');
  });

  it('writes nothing without a change, after a failed editor, and of what is not JSON', async () => {
    const at = ['--url', urls.redis!()];
    await cachectl(['put', 'n', '1', '--as', 'json', ...at]);
    const same = await cachectl(['edit', 'n', '--json', ...at], { env: editor('touch "$1"') });
    expect(same).to.include({ code: 0, out: '{"key":"n","edited":false}\n' });
    const failed = await cachectl(['edit', 'n', ...at], { env: editor('echo 2 > "$1"; exit 1') });
    expect(failed.code).to.equal(1);
    expect(failed.err).to.include('exited with code 1: nothing was changed');
    expect(drafts()).to.deep.equal([]);
    const broken = await cachectl(['edit', 'n', ...at], { env: editor('echo "{" > "$1"') });
    expect(broken.code).to.equal(2);
    expect(broken.err).to.include('A string needs its quotes').and.not.to.include('--as');
    const [, file = ''] = /Your text is in (\S+)/.exec(broken.err) ?? [];
    expect(existsSync(file), broken.err).to.equal(true);
    expect((await cachectl(['get', 'n', ...at])).out).to.equal('1\n');
  });

  it('names a temporary folder that cannot be written to, and a text that the editor removed', async () => {
    const at = ['--url', urls.redis!()];
    await cachectl(['put', 'greeting', 'hello', ...at]);
    const missing = path.join(folder, 'missing');
    const nowhere = await cachectl(['edit', 'greeting', ...at], { env: { ...editor('exit 0'), TMPDIR: missing } });
    expect(nowhere.code).to.equal(2);
    expect(nowhere.err).to.include(`cannot write ${missing}: no such file or folder`).and.to.include('Set TMPDIR');
    const removed = await cachectl(['edit', 'greeting', ...at], { env: editor('rm "$1"') });
    expect(removed.code).to.equal(2);
    expect(removed.err).to.include('no such file or folder').and.not.to.include('Your text is in');
    expect((await cachectl(['get', 'greeting', ...at])).out).to.equal('hello\n');
  });

  it('refuses what no text expresses, a miss, and to open an editor that nobody sees', async () => {
    const at = ['--url', urls.redis!()];
    await redis.client.set('edit-object', 'O:3:"Foo":1:{s:1:"a";i:1;}');
    await redis.client.set('edit-binary', Buffer.from('s:2:"\u00FF\u0000";', 'latin1'));
    const env = editor('exit 0');
    for (const key of ['object', 'binary']) {
      const { code, err } = await cachectl(['edit', key, ...at], { env });
      expect(code, err).to.equal(2);
      expect(err).to.include(`${key} holds `);
    }

    expect((await cachectl(['edit', 'none', ...at], { env })).code).to.equal(1);
    expect((await cachectl(['edit', 'none', '--if-present', ...at], { env })).code).to.equal(0);
    const unset = await cachectl(['edit', 'object', ...at]);
    expect(unset).to.include({ code: 2 });
    expect(unset.err).to.include('no editor is set');
  });
});
