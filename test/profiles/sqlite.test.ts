import { expect } from 'chai';
import path from 'node:path';

import { Folder } from './folder.js';

describe('an SQLite profile', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const defaults = {
    driver: 'sqlite',
    prefix: '',
    codec: 'php',
    protected: false,
    table: 'cache',
    lockTable: 'cache_locks',
  };

  it('has a path relative to the file, not to the working directory', async () => {
    folder.write('a/keep', '');
    const yaml = 'profiles: { local: { driver: sqlite, path: .cachectl/cache.sqlite } }';
    expect(await folder.of(yaml, { cwd: path.join(folder.project, 'a') })).to.deep.equal({
      ...defaults,
      name: 'local',
      path: path.join(folder.project, '.cachectl/cache.sqlite'),
    });
  });

  it('can have an absolute path, or ~ for the home folder', async () => {
    const at = async (text: string) => folder.of(`profiles: { a: { driver: sqlite, path: "${text}" } }`);
    expect(await at('/var/cache.db')).to.have.property('path', path.resolve('/var/cache.db'));
    expect(await at('~/cache.db')).to.have.property('path', path.join(folder.home, 'cache.db'));
    expect(await at('~else/cache.db')).to.have.property('path', path.join(folder.project, '~else/cache.db'));
  });

  it('takes all its keys', async () => {
    const yaml = [
      'profiles:',
      '  shop:',
      '    driver: sqlite',
      '    path: database.sqlite',
      '    prefix: shop-cache-',
      '    codec: raw',
      '    protected: true',
      '    table: app_cache',
      '    lockTable: app_cache_locks',
    ].join('\n');
    expect(await folder.of(yaml)).to.deep.equal({
      name: 'shop',
      driver: 'sqlite',
      path: path.join(folder.project, 'database.sqlite'),
      prefix: 'shop-cache-',
      codec: 'raw',
      protected: true,
      table: 'app_cache',
      lockTable: 'app_cache_locks',
    });
  });

  describe('is refused', () => {
    const cases: ReadonlyArray<[lines: string, message: string, hint: RegExp]> = [
      ['', 'cachectl.yaml:2: profile a has no path', /path: cache.sqlite/],
      ['path:', 'cachectl.yaml:4: path of profile a has no value', /""/],
      ['path: ""', 'cachectl.yaml:4: path of profile a is empty', /path/],
      ['path: 3', 'cachectl.yaml:4: path of profile a must be text (3)', /quotes/],
      [String.raw`path: "a\0b"`, 'cachectl.yaml:4: path of profile a contains a NUL character', /./],
      ['filename: x', 'cachectl.yaml:4: unknown key "filename" in profile a', /mean path\?/],
      ['path: x\n    table: "a b"', 'cachectl.yaml:5: table of profile a is not the name of a table (a b)', /letters/],
      [
        'path: x\n    lockTable: cache',
        'cachectl.yaml:5: lockTable of profile a is also the other table (cache)',
        /separate/,
      ],
      ['path: x\n    table: CACHE_LOCKS', 'cachectl.yaml:5: table of profile a is also the other table', /separate/],
      [
        'path: x\n    locks: redis://h',
        'cachectl.yaml:5: locks of profile a is a key of driver redis, mysql and postgres, not of sqlite (redis://h)',
        /Keys of driver sqlite: .*lockTable/,
      ],
    ];
    for (const [lines, message, hint] of cases) {
      it(`with ${JSON.stringify(lines)}`, async () => {
        const failure = await folder.failureOf(`profiles:\n  a:\n    driver: sqlite\n    ${lines}\n`);
        expect(failure.message.slice(0, message.length)).to.equal(message);
        expect(failure.hint).to.match(hint);
      });
    }
  });

  describe('made by --url', () => {
    const cases: ReadonlyArray<[url: string, file: string]> = [
      ['sqlite:cache.db', 'PROJECT/cache.db'],
      ['sqlite:./a/../cache.db', 'PROJECT/cache.db'],
      ['sqlite:///var/cache.db', '/var/cache.db'],
      ['sqlite:/var/cache.db', '/var/cache.db'],
      ['sqlite:~/cache.db', 'HOME/cache.db'],
      ['sqlite:a%20b%3Fc%23.db', 'PROJECT/a b?c#.db'],
      ['SQLITE:cache.db', 'PROJECT/cache.db'],
      ['cache.sqlite', 'PROJECT/cache.sqlite'],
      ['./a b/c%20d.db', 'PROJECT/a b/c%20d.db'],
      ['/var/cache.sqlite3', '/var/cache.sqlite3'],
    ];
    for (const [url, file] of cases) {
      it(`${url} is the file ${file}`, async () => {
        const where = file.replace('PROJECT', folder.project).replace('HOME', folder.home);
        expect(await folder.resolve({ url })).to.deep.equal({ ...defaults, name: 'sqlite', path: path.resolve(where) });
      });
    }

    it('takes the other keys as parameters', async () => {
      const url = 'sqlite:///c.db?prefix=shop%2Da%26b+c-&codec=json&protected=true&table=t&lockTable=l';
      expect(await folder.resolve({ url })).to.deep.include({
        prefix: 'shop-a&b+c-',
        codec: 'json',
        protected: true,
        table: 't',
        lockTable: 'l',
      });
    });

    const refused: ReadonlyArray<[url: string, message: string, hint: RegExp]> = [
      ['sqlite://cache.db', 'the URL (sqlite://cache.db) has a host', /sqlite:cache\.sqlite .* sqlite:\/\/\/var/],
      ['sqlite:', 'the URL: path of profile sqlite is empty (sqlite:)', /./],
      ['sqlite:?prefix=a', 'the URL: path of profile sqlite is empty', /./],
      ['sqlite::memory:', 'the URL (sqlite:***) keeps nothing', /sqlite:cache\.sqlite/],
      ['sqlite:a.db?path=b.db', 'the URL (sqlite:***?path=b.db) has "path" twice', /Remove/],
      ['sqlite:a.db?driver=redis', 'the URL (sqlite:***?driver=redis) has the parameter driver, which', /Remove it/],
      ['sqlite:a.db#b', 'the URL (sqlite:***#b) contains a #', /%23/],
      ['sqlite:a%00.db', 'the URL: path of profile sqlite contains a NUL character', /./],
      ['sqlite:a%.db', 'the URL (sqlite:***) has a % that is not part of an encoded character', /%25/],
      ['sqlite:a.db?prefx=b', 'the URL: unknown key "prefx" in profile sqlite', /mean prefix\?/],
      ['sqlite:a.db?locks=redis://h', 'the URL: locks of profile sqlite is a key of driver redis', /./],
    ];
    for (const [url, message, hint] of refused) {
      it(`${url} is refused`, async () => {
        const failure = await folder.failure({ url });
        expect(failure.message.slice(0, message.length)).to.equal(message);
        expect(failure.hint).to.match(hint);
      });
    }
  });

  it('is what to use instead of the array driver, which lives in one process', async () => {
    for (const failure of [
      await folder.failure({ url: 'array:?prefix=a-' }),
      await folder.failureOf('profiles: { a: { driver: array } }'),
    ]) {
      expect(failure.message).to.match(/cachectl does not support Laravel's array cache$/);
      expect(failure.hint).to.equal('It lives in one process. Use driver: sqlite, the default: it needs no server.');
    }
  });
});
