import { expect } from 'chai';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { CustomProfile } from '../../../src/profiles/profile.js';

import { findPackage } from '../../../src/profiles/drivers/find-module.js';
import { Folder } from '../../profiles/folder.js';

const OPTIONS = `{
  folder: { type: 'path', required: true },
  ca: { type: 'path', default: 'certs/ca.pem' },
  title: { type: 'text' },
  token: { type: 'text', secret: true },
  retries: { type: 'integer', max: 9, default: 3 },
  readOnly: { type: 'boolean', default: false },
  nodes: { type: 'list' },
}`;

function driver(options = OPTIONS, more = ''): string {
  return `export default { apiVersion: 2, name: 'mine', options: ${options}, open() {}, ${more} };`;
}

function profile(keys: string): string {
  return `profiles:\n  shop:\n${keys.replaceAll(/^/gm, '    ')}\n`;
}

describe('a profile with a custom driver', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  async function of(keys: string): Promise<CustomProfile> {
    return (await folder.of(profile(keys))) as CustomProfile;
  }

  describe('finds it', () => {
    it('in a file, relative to the profile file', async () => {
      const file = folder.write('drivers/mine.mjs', driver('{}'));
      folder.write('cachectl.yaml', profile('driver: ./drivers/mine.mjs\nprefix: p-\ncodec: json\nprotected: true'));
      const cwd = path.join(folder.project, 'deeper');
      mkdirSync(cwd);
      expect(await folder.resolve({ cwd })).to.deep.equal({
        driver: 'custom',
        name: 'shop',
        prefix: 'p-',
        codec: 'json',
        protected: true,
        module: './drivers/mine.mjs',
        moduleUrl: pathToFileURL(file).href,
        options: {},
      });
    });

    it('in a file without ./, in the home folder, and by an absolute path', async () => {
      const file = folder.write('mine.mjs', driver('{}'));
      folder.write('../home/theirs.mjs', driver('{}'));
      expect(await of('driver: mine.mjs')).to.have.property('moduleUrl', pathToFileURL(file).href);
      expect(await of(`driver: ${file}`)).to.have.property('moduleUrl', pathToFileURL(file).href);
      const inHome = pathToFileURL(path.join(folder.home, 'theirs.mjs')).href;
      expect(await of('driver: ~/theirs.mjs')).to.have.property('moduleUrl', inHome);
    });

    it('in a package, also scoped or with a path, from the folder of the profile file upward', async () => {
      const packages = [
        ['acme-cache', 'acme-cache'],
        ['@acme/cache', '@acme/cache'],
        ['acme-caches', 'acme-caches/s3'],
      ] as const;
      for (const [name, module] of packages) {
        const exports = { [module === name ? '.' : './s3']: './driver.js' };
        folder.write(`../node_modules/${name}/package.json`, JSON.stringify({ name, type: 'module', exports }));
        folder.write(`../node_modules/${name}/driver.js`, driver('{}'));
        const { moduleUrl } = await of(`driver: "${module}"`);
        expect(moduleUrl).to.equal(pathToFileURL(path.join(folder.root, 'node_modules', name, 'driver.js')).href);
      }
    });
  });

  it('finds it beside cachectl, as in a global installation', () => {
    expect(findPackage('chai', folder.project)).to.match(/^file:.*\/node_modules\/chai\//);
    expect(findPackage('chai-that-is-not-there', folder.project)).to.be.undefined;
  });

  describe('gets the options that it declares', () => {
    beforeEach(() => {
      folder.write('mine.mjs', driver());
    });

    it('with their types, and with absolute paths', async () => {
      const { options } = await of(
        'driver: ./mine.mjs\nfolder: data\nca: ~/ca.pem\ntitle: ""\nretries: 5\nreadOnly: true\nnodes: [a, b]',
      );
      expect(options).to.deep.equal({
        folder: path.join(folder.project, 'data'),
        ca: path.join(folder.home, 'ca.pem'),
        title: '',
        retries: 5,
        readOnly: true,
        nodes: ['a', 'b'],
      });
    });

    it('with defaults for missing keys, or undefined', async () => {
      const { options } = await of('driver: ./mine.mjs\nfolder: data');
      expect(options).to.deep.equal({
        folder: path.join(folder.project, 'data'),
        ca: path.join(folder.project, 'certs/ca.pem'),
        retries: 3,
        readOnly: false,
      });
    });

    it('from variables, lists too', async () => {
      const yaml = profile('driver: ${DRIVER}\nfolder: ${FOLDER}\nnodes: ${NODES}');
      const env = { DRIVER: './mine.mjs', FOLDER: '/data', NODES: 'a, b' };
      const { options } = (await folder.of(yaml, { env })) as CustomProfile;
      expect(options).to.include({ folder: '/data' }).and.to.have.deep.property('nodes', ['a', 'b']);
    });
  });

  describe('is refused with its location and a hint,', () => {
    const cases: ReadonlyArray<readonly [what: string, keys: string, message: string, hint: RegExp]> = [
      ['a misspelt option', 'foldr: x', 'cachectl.yaml:4: unknown key "foldr" in profile shop', /mean folder\?/],
      [
        'another driver’s key',
        'folder: x\nurl: redis://h',
        'cachectl.yaml:5: unknown key "url"',
        /Keys of driver mine/,
      ],
      ['an option that is missing', 'title: x', 'cachectl.yaml:2: profile shop has no folder', /folder: VALUE/],
      ['an option that is empty', 'folder: ""', 'cachectl.yaml:4: folder of profile shop is empty', /./],
      ['a wrong type', 'folder: x\nretries: 10', 'cachectl.yaml:5: retries of profile shop must be', /retries: 0/],
      ['a wrong codec', 'folder: x\ncodec: phq', 'cachectl.yaml:5: unknown codec in profile shop', /mean php\?/],
    ];
    for (const [what, keys, message, hint] of cases) {
      it(what, async () => {
        folder.write('mine.mjs', driver());
        const failure = await folder.failureOf(profile(`driver: ./mine.mjs\n${keys}`));
        expect(failure.message).to.include(message);
        expect(failure.hint).to.match(hint);
      });
    }

    it('for a secret, without its value', async () => {
      folder.write('mine.mjs', driver(OPTIONS.replace("type: 'text', secret", "type: 'integer', secret")));
      const { message, hint } = await folder.failureOf(profile('driver: ./mine.mjs\nfolder: x\ntoken: hunter2'));
      expect(message).to.match(/token of profile shop must be a whole number/);
      expect(message + hint).not.to.include('hunter2');
    });

    const modules: ReadonlyArray<readonly [what: string, code: string, message: string, hint: string]> = [
      ['without a default export', 'export const a = 1;', 'is not a driver', 'defineDriver'],
      ['that exports something else', 'export default {};', 'has no apiVersion', 'defineDriver'],
      ['of a later interface', driver('{}', 'apiVersion: 3'), 'is written for version 3', 'Update cachectl'],
      ['of an earlier interface', driver('{}', 'apiVersion: 1'), 'is written for version 1', 'Update the driver'],
      ['without a name', driver('{}', 'name: "No Name"'), 'has no valid name', 'lowercase letters'],
      ['that opens nothing', driver('{}', 'open: 1'), 'has no open()', 'defineDriver'],
      ['without options', driver('[]'), 'declares no options', 'defineDriver'],
      [
        'with an option that is taken',
        driver('{ prefix: { type: "text" } }'),
        '"prefix", which is a key of',
        'Rename it',
      ],
      [
        'with an option of no name',
        driver('{ "a-b": { type: "text" } }'),
        '"a-b", which is not a valid key',
        'letters',
      ],
      ['with an option of no type', driver('{ a: { type: "map" } }'), '"a" of an unknown type', 'integer, list'],
      ['with a wrong default', driver('{ a: { type: "list", default: "x" } }'), '"a" with a default of', 'Correct'],
      [
        'with a default of what is required',
        driver('{ a: { type: "text", default: "x", required: true } }'),
        '"a" both required and with a default',
        'one of the two',
      ],
      ['with wrong limits', driver('{ a: { type: "integer", max: "9" } }'), '"a" with a min or max', 'Correct'],
      ['that does not parse', 'export default {', 'cannot be loaded: Unexpected end of input', 'Fix the module'],
      ['that throws', String.raw`throw new Error("no\nway");`, 'cannot be loaded: no', 'Fix the module'],
      [
        'whose cachectl is not installed',
        'import { defineDriver } from "cachectl";',
        "cannot be loaded: Cannot find package 'cachectl'",
        'npm install cachectl',
      ],
    ];
    for (const [what, code, message, hint] of modules) {
      it(`for a module ${what}`, async () => {
        folder.write('mine.mjs', code);
        const failure = await folder.failureOf(profile('driver: ./mine.mjs'));
        expect(failure.message).to.match(/^cachectl\.yaml:3: driver "\.\/mine\.mjs" of profile shop /);
        expect(failure.message).to.include(message);
        expect(failure.hint).to.include(hint);
      });
    }

    it('for a missing file, or a folder', async () => {
      mkdirSync(path.join(folder.project, 'drivers'));
      const missing = await folder.failureOf(profile('driver: ./mine.mjs'));
      expect(missing.message).to.equal(
        'cachectl.yaml:3: driver "./mine.mjs" of profile shop cannot be read: no such file or folder',
      );
      const aFolder = await folder.failureOf(profile('driver: ./drivers'));
      expect(aFolder.message).to.include('cannot be read: it is a folder');
      expect(aFolder.hint).to.include('the folder of the profile file');
    });

    it('for a package that is not installed', async () => {
      const { message, hint } = await folder.failureOf(profile('driver: "@acme/cache"'));
      expect(message).to.equal(
        'cachectl.yaml:3: driver "@acme/cache" of profile shop is a package that is not installed',
      );
      expect(hint).to.include('Install it');
    });

    it('for a package without the named export', async () => {
      const json = JSON.stringify({ name: 'acme', exports: { '.': './driver.js' } });
      folder.write('node_modules/acme/package.json', json);
      const { message, hint } = await folder.failureOf(profile('driver: acme/s3'));
      expect(message).to.match(
        /^cachectl\.yaml:3: driver "acme\/s3" of profile shop is a package that cannot be loaded/,
      );
      expect(hint).to.include('Reinstall it');
    });

    for (const [name, meant] of [
      ['rediss', 'redis'],
      ['memcache', 'memcached'],
      ['SQLite', 'sqlite'],
    ] as const) {
      it(`for a typo of a built-in driver: ${name}`, async () => {
        const { message, hint } = await folder.failureOf(profile(`driver: ${name}`));
        expect(message).to.equal(`cachectl.yaml:3: unknown driver in profile shop (${name})`);
        expect(hint).to.include(`Did you mean ${meant}?`);
      });
    }

    for (const name of [
      'fs',
      'node:fs',
      'data:text/javascript,export default 1',
      'https://example.org/d.mjs',
      '..',
      '#a',
    ]) {
      it(`for neither a file nor a package: ${name}`, async () => {
        const { message } = await folder.failureOf(profile(`driver: ${JSON.stringify(name)}`));
        expect(message).to.include('unknown driver in profile shop');
      });
    }
  });
});
