import { expect } from 'chai';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { UsageError } from '../../src/errors.js';
import { Folder } from './folder.js';

const PROFILE = 'profiles: { NAME: { driver: sqlite, path: a } }';
const withName = (name: string) => PROFILE.replace('NAME', name);

describe('the choice of a profile', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  describe('without a file', () => {
    it('is "local", an SQLite file in the user\'s data folder', async () => {
      expect(await folder.resolve()).to.deep.equal({
        name: 'local',
        driver: 'sqlite',
        isBuiltIn: true,
        path: path.join(folder.home, '.local/share/cachectl/cache.sqlite'),
        prefix: '',
        codec: 'php',
        protected: false,
        table: 'cache',
        lockTable: 'cache_locks',
      });
    });

    it('follows an absolute XDG_DATA_HOME', async () => {
      const data = path.join(folder.root, 'data');
      expect(await folder.resolve({ env: { XDG_DATA_HOME: data } })).to.have.property(
        'path',
        path.join(data, 'cachectl/cache.sqlite'),
      );
      expect(await folder.resolve({ env: { XDG_DATA_HOME: 'data' } })).to.have.property(
        'path',
        path.join(folder.home, '.local/share/cachectl/cache.sqlite'),
      );
    });

    it('does not replace what an empty variable was to select, as of a missing secret in CI', async () => {
      for (const name of ['CACHECTL_URL', 'CACHECTL_PROFILE', 'CACHECTL_CONFIG']) {
        const { message, hint } = await folder.failure({ env: { [name]: '' } });
        expect(message).to.equal(`${name} is empty, and no cachectl.yaml was found`);
        expect(hint).to.include('unset the variable');
        expect(await folder.resolve({ env: { [name]: '' }, profile: 'local' })).to.have.property('name', 'local');
      }
    });

    it('can be requested by name, and no other can', async () => {
      expect(await folder.resolve({ profile: 'local' })).to.have.property('name', 'local');
      const { message, hint } = await folder.failure({ profile: 'shop' });
      expect(message).to.equal(
        'there is no profile "shop": no cachectl.yaml was found, and without one there is only "local"',
      );
      expect(hint).to.contain('--config');
    });

    it('is not a URL, which the error does not repeat', async () => {
      const { message, hint } = await folder.failure({ profile: 'redis://:secret@127.0.0.1/1' });
      expect(message).to.equal('a profile is chosen by its name, not by a URL');
      expect(hint).to.contain('--to-url');
    });
  });

  describe('the file', () => {
    it('is the nearest cachectl.yaml upward from the working directory', async () => {
      folder.write('cachectl.yaml', withName('outer'));
      folder.write('a/b/c/keep', '');
      expect(await folder.resolve({ cwd: path.join(folder.project, 'a/b/c') })).to.have.property('name', 'outer');
      folder.write('a/cachectl.yaml', withName('inner'));
      expect(await folder.resolve({ cwd: path.join(folder.project, 'a/b/c') })).to.have.property('name', 'inner');
    });

    it('can be cachectl.yml; cachectl.yaml in the same folder takes precedence', async () => {
      folder.write('cachectl.yml', withName('short'));
      expect(await folder.resolve()).to.have.property('name', 'short');
      folder.write('cachectl.yaml', withName('long'));
      expect(await folder.resolve()).to.have.property('name', 'long');
    });

    it("is found in the user's configuration folder last", async () => {
      const inHome = path.join(folder.home, '.config/cachectl');
      mkdirSync(inHome, { recursive: true });
      writeFileSync(path.join(inHome, 'cachectl.yaml'), 'profiles: { own: { driver: sqlite, path: own.db } }');
      expect(await folder.resolve()).to.include({ name: 'own', path: path.join(inHome, 'own.db') });

      const xdg = path.join(folder.root, 'xdg');
      mkdirSync(path.join(xdg, 'cachectl'), { recursive: true });
      writeFileSync(path.join(xdg, 'cachectl/cachectl.yaml'), withName('xdg'));
      expect(await folder.resolve({ env: { XDG_CONFIG_HOME: xdg } })).to.have.property('name', 'xdg');

      folder.write('cachectl.yaml', withName('project'));
      expect(await folder.resolve({ env: { XDG_CONFIG_HOME: xdg } })).to.have.property('name', 'project');
    });

    it('is the one of --config, relative to the working directory or to ~', async () => {
      folder.write('cachectl.yaml', withName('found'));
      folder.write('etc/other.yaml', withName('other'));
      writeFileSync(path.join(folder.home, 'mine.yaml'), withName('mine'));
      expect(await folder.resolve({ config: 'etc/other.yaml' })).to.have.property('name', 'other');
      expect(await folder.resolve({ config: path.join(folder.project, 'etc/other.yaml') })).to.have.property(
        'name',
        'other',
      );
      expect(await folder.resolve({ config: '~/mine.yaml' })).to.have.property('name', 'mine');
    });

    it('is reported as missing, a folder, or unreadable', async () => {
      expect((await folder.failure({ config: 'nope.yaml' })).message).to.equal(
        'cannot read the profile file nope.yaml: no such file or folder',
      );
      folder.write('etc/keep', '');
      expect((await folder.failure({ config: 'etc' })).message).to.equal(
        'cannot read the profile file etc: it is a folder',
      );
      expect((await folder.failure({ config: 'etc/keep/x.yaml' })).message).to.contain('a part of its path is no');
      expect((await folder.failure({ config: '' })).message).to.equal('the name of the profile file is empty');
      mkdirSync(path.join(folder.project, 'cachectl.yaml'));
      expect((await folder.failure()).message).to.equal('cannot read the profile file cachectl.yaml: it is a folder');
    });

    it('is not skipped if the system refuses it', async () => {
      const file = path.join(folder.project, 'cachectl.yaml');
      symlinkSync(file, file);
      expect((await folder.failure()).message).to.equal(`cannot look for ${file}: its symbolic links form a loop`);
    });
  });

  describe('with several profiles', () => {
    const two = 'profiles:\n  shop:\n    driver: sqlite\n    path: a\n  blog:\n    driver: sqlite\n    path: b\n';

    it('uses the one of --profile', async () => {
      expect(await folder.of(`default: shop\n${two}`, { profile: 'blog' })).to.have.property('name', 'blog');
    });

    it('uses the default if none is named', async () => {
      expect(await folder.of(`default: blog\n${two}`)).to.have.property('name', 'blog');
      expect(await folder.of(`default: \${WHICH:-shop}\n${two}`)).to.have.property('name', 'shop');
    });

    it('requires a choice without a default', async () => {
      expect(await folder.failureOf(two)).to.deep.equal({
        message: 'cachectl.yaml has several profiles and no default',
        hint: 'Choose with --profile, or add "default: NAME". Profiles: shop, blog.',
      });
    });

    it('suggests the nearest name', async () => {
      expect(await folder.failureOf(two, { profile: 'shpo' })).to.deep.equal({
        message: 'cachectl.yaml: there is no profile "shpo"',
        hint: 'Did you mean shop? Profiles: shop, blog.',
      });
      expect(await folder.failureOf(`# who\ndefault: blogs\n${two}`)).to.deep.equal({
        message: 'cachectl.yaml:2: there is no profile "blogs"',
        hint: 'Did you mean blog? Profiles: blog, shop.',
      });
    });

    it('takes any name, but no inherited one', async () => {
      expect(await folder.of('profiles: { __proto__: { driver: sqlite, path: a } }')).to.have.property(
        'name',
        '__proto__',
      );
      expect(await folder.of('profiles: { 7: { driver: sqlite, path: a } }', { profile: '7' })).to.have.property(
        'name',
        '7',
      );
      expect((await folder.failureOf(two, { profile: 'constructor' })).message).to.contain('no profile "constructor"');
    });
  });

  it('does not combine the file with a URL', async () => {
    folder.write('cachectl.yaml', withName('found'));
    expect(await folder.resolve({ url: 'sqlite:a' })).to.have.property('name', 'sqlite');
    expect((await folder.failure({ url: 'sqlite:a', profile: 'found' })).error).to.be.instanceOf(UsageError);
    expect((await folder.failure({ url: 'sqlite:a', config: 'cachectl.yaml' })).error).to.be.instanceOf(UsageError);
  });
});
