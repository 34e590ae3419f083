import { expect } from 'chai';

import { Folder } from './folder.js';

describe('the content of a profile file', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  describe('invalid YAML', () => {
    const cases: ReadonlyArray<[title: string, yaml: string, message: string, hint: RegExp]> = [
      ['a tab', 'profiles:\n\tshop:\n', 'cachectl.yaml:2: indented with a tab', /spaces/],
      ['a tab after spaces', 'profiles:\n  \tshop: {}\n', 'cachectl.yaml:2: indented with a tab', /spaces/],
      [
        'a profile twice',
        'profiles:\n  shop: { driver: sqlite, path: a }\n  shop: { driver: sqlite, path: a }\n',
        'cachectl.yaml:3: the key "shop" is repeated here',
        /Keep one/,
      ],
      [
        'a key twice, quoted',
        'profiles:\n  shop:\n    driver: sqlite\n    "driver": sqlite\n',
        'cachectl.yaml:4: the key "driver" is repeated here',
        /Keep one/,
      ],
      ['an open bracket', 'profiles: {\n  shop: [1\n}\n', 'cachectl.yaml:3: ', /./],
      ['an open quote', 'default: "shop\nprofiles: {}\n', 'cachectl.yaml:3: something is missing before', /quote/],
      ['a reserved character', 'default: @shop\n', 'cachectl.yaml:1: a value that begins with a special', /quotes/],
      ['two colons', 'default: a: b\n', 'cachectl.yaml:1: a second ": " on one line', /quotes/],
      ['a line of no key', 'default: a\nprofiles\n', 'cachectl.yaml:2: ', /key: value/],
      ['an unknown escape', 'default: "\\q"\n', 'cachectl.yaml:1: a backslash escape', /single quotes/],
      ['two documents', 'default: a\n---\ndefault: b\n', 'cachectl.yaml:2: a second document begins', /one document/],
      ['a tag', 'default: !env NAME\n', 'cachectl.yaml:1: an unknown tag', /quotes/],
      [
        'an alias of nothing',
        'profiles:\n  shop: *none\n',
        'cachectl.yaml:2: a value that begins with "*" is an alias',
        /quotes/,
      ],
      ['a key that is a list', 'profiles:\n  ? [a]\n  : b\n', 'cachectl.yaml:2: a key that is not text', /key: value/],
      ['thousands of levels', `profiles: ${'['.repeat(9000)}`, 'cachectl.yaml:1: nested too deeply', /levels/],
    ];
    for (const [title, yaml, message, hint] of cases) {
      it(`${title}: the error has the line and a hint`, async () => {
        const failure = await folder.failureOf(yaml);
        expect(failure.message.slice(0, message.length)).to.equal(message);
        expect(failure.hint).to.match(hint);
      });
    }

    it('is never quoted, because it may hold a password', async () => {
      const broken = [
        'profiles:\n  a:\n    driver: redis\n    password: "hunter2\n',
        'profiles:\n  a:\n    driver: redis\n    password: @hunter2\n',
        'profiles:\n  a:\n    driver: redis\n    url: redis://u: hunter2@h\n',
        'profiles:\n  a: { driver: redis, password: hunter2} }\n',
        'profiles:\n  a:\n    password: "\\qhunter2"\n',
        'profiles:\n  a:\n    password: [hunter2\n',
        'profiles:\n  a:\n    driver: redis\n   password: hunter2\n  hunter2\n',
      ];
      for (const yaml of broken) {
        const { message, hint } = await folder.failureOf(yaml);
        expect(message + hint).not.to.contain('hunter2');
      }
    });
  });

  it('is read with a byte order mark and with Windows line ends', async () => {
    const yaml = '\uFEFFprofiles:\r\n  shop:\r\n    driver: sqlite\r\n    prefix: shop-\r\n    path: a\r\n';
    expect(await folder.of(yaml)).to.include({ name: 'shop', prefix: 'shop-' });
    expect((await folder.failureOf(yaml.replace('prefix', 'prefx'))).message).to.contain('cachectl.yaml:4:');
  });

  it('must be UTF-8 and of a reasonable size', async () => {
    folder.write('cachectl.yaml', Buffer.from('profiles: {}', 'utf16le').fill(0xff, 0, 1));
    expect((await folder.failure()).message).to.equal('the profile file cachectl.yaml is not UTF-8 text');
    folder.write('cachectl.yaml', Buffer.alloc(200_000, '#'));
    expect((await folder.failure()).message).to.equal('the profile file cachectl.yaml is larger than 128 KiB');
  });

  describe('the top level', () => {
    const cases: ReadonlyArray<[yaml: string, message: string]> = [
      ['', 'the profile file cachectl.yaml is empty'],
      ['# nothing yet\n', 'the profile file cachectl.yaml is empty'],
      ['- shop\n', 'cachectl.yaml:1: the file is not a map of keys'],
      ['shop\n', 'cachectl.yaml:1: the file is not a map of keys'],
      ['default: shop\n', 'cachectl.yaml has no profiles'],
      ['profiles:\n', 'cachectl.yaml:1: profiles is empty'],
      ['profiles: {}\n', 'cachectl.yaml:1: profiles is empty'],
      ['\nprofiles: [shop]\n', 'cachectl.yaml:2: profiles must be a map from a name to the keys of that profile'],
      ['\nprofiles: 3\n', 'cachectl.yaml:2: profiles must be a map from a name to the keys of that profile'],
      ['profiles:\n  shop:\n', 'cachectl.yaml:2: profile shop has no keys'],
      ['profiles:\n  shop: redis\n', 'cachectl.yaml:2: profile shop has no keys'],
      ['profiles:\n  "a b\\e[2J":\n', String.raw`cachectl.yaml:2: profile "a b\u001b[2J" has no keys`],
    ];
    for (const [yaml, message] of cases) {
      it(`${JSON.stringify(yaml)}: ${message}`, async () => {
        expect((await folder.failureOf(yaml)).message).to.equal(message);
      });
    }

    it('takes no other keys', async () => {
      expect(await folder.failureOf('defualt: shop\nprofiles: { shop: { driver: sqlite, path: a } }')).to.deep.equal({
        message: 'cachectl.yaml:1: unknown key "defualt" at the top level',
        hint: 'Did you mean default? Keys there: default, profiles.',
      });
      const { message } = await folder.failureOf(
        'profiles: { shop: { driver: sqlite, path: a } }\n__proto__: { default: shop }',
      );
      expect(message).to.equal('cachectl.yaml:2: unknown key "__proto__" at the top level');
    });

    it('shows the file by its shorter path, relative or absolute', async () => {
      folder.write('cachectl.yaml', '');
      folder.write('a/keep', '');
      expect((await folder.failure({ cwd: `${folder.project}/a` })).message).to.contain(' ../cachectl.yaml is empty');
    });
  });

  describe('the keys of a profile', () => {
    it('are strict: an unknown key gets a suggestion', async () => {
      const yaml = 'profiles:\n  shop:\n    driver: redis\n    host: h\n    prefx: shop-\n';
      expect(await folder.failureOf(yaml)).to.deep.equal({
        message: 'cachectl.yaml:5: unknown key "prefx" in profile shop',
        hint: 'Did you mean prefix?',
      });
      expect(await folder.failureOf(yaml.replace('prefx', 'connection_prefix'))).to.have.property(
        'hint',
        'Did you mean connectionPrefix?',
      );
      expect(await folder.failureOf(yaml.replace('prefx', 'db'))).to.have.property('hint', 'Did you mean database?');
      expect((await folder.failureOf(yaml.replace('prefx', 'retries'))).hint).to.match(
        /^Keys of driver redis: driver, /,
      );
    });

    it('are strict: inherited names of objects are no keys', async () => {
      for (const key of ['__proto__', 'constructor', 'toString', '"__proto__"']) {
        const { message } = await folder.failureOf(`profiles:\n  a:\n    driver: sqlite\n    ${key}: { prefix: x }\n`);
        expect(message).to.equal(`cachectl.yaml:4: unknown key "${key.replaceAll('"', '')}" in profile a`);
      }
    });

    it('need a known driver; the nearest is suggested first', async () => {
      expect(await folder.failureOf('profiles:\n  a: { prefix: x }\n')).to.deep.equal({
        message: 'cachectl.yaml:2: profile a has no driver',
        hint: 'Add "driver: NAME". Drivers: sqlite, redis, memcached, mongodb, file, mysql, postgres, or the path or package of a custom driver.',
      });
      expect(await folder.failureOf('profiles:\n  a:\n    driver: reddis\n')).to.deep.equal({
        message: 'cachectl.yaml:3: unknown driver in profile a (reddis)',
        hint: 'Did you mean redis? No package of that name is installed. There are: redis, sqlite, file, mysql, mongodb, postgres, memcached.',
      });
    });

    it('set prefix, codec and protection; the defaults are none, php and no', async () => {
      const yaml = 'profiles: { a: { driver: sqlite, path: a } }';
      const path = `${folder.project}/a`;
      const tables = { table: 'cache', lockTable: 'cache_locks' };
      const defaults = { name: 'a', driver: 'sqlite', path, ...tables, prefix: '', codec: 'php', protected: false };
      expect(await folder.of(yaml)).to.deep.equal(defaults);
      const full = yaml.replace('sqlite', 'sqlite, prefix: shop-, codec: json, protected: true');
      expect(await folder.of(full)).to.deep.equal({ ...defaults, prefix: 'shop-', codec: 'json', protected: true });
    });

    const wrong: ReadonlyArray<[line: string, message: string]> = [
      ['prefix: 5', 'prefix of profile a must be text (5)'],
      ['prefix: true', 'prefix of profile a must be text (true)'],
      ['prefix:', 'prefix of profile a has no value'],
      ['prefix: [a]', 'prefix of profile a must be one value, not a list'],
      ['prefix: { a: b }', 'prefix of profile a must be one value, not a map'],
      ['codec: 1', 'codec of profile a must be text (1)'],
      ['codec: php7', 'unknown codec in profile a (php7)'],
      ['protected: yes', 'protected of profile a must be true or false (yes)'],
      ['protected: 1', 'protected of profile a must be true or false (1)'],
      ['protected:', 'protected of profile a has no value'],
      ['protected: ${YES}', 'protected of profile a must be true or false (${YES})'],
    ];
    for (const [line, message] of wrong) {
      it(`${line}: ${message}`, async () => {
        const failure = await folder.failureOf(`profiles:\n  a:\n    driver: sqlite\n    ${line}\n`, {
          env: { YES: 'si' },
        });
        expect(failure.message).to.equal(`cachectl.yaml:4: ${message}`);
      });
    }
  });

  describe('anchors and merge keys', () => {
    it('share keys between profiles; own keys override merged ones', async () => {
      const yaml = [
        'profiles:',
        '  shop: &shop',
        '    driver: sqlite',
        '    path: a',
        '    prefix: shop-',
        '    codec: json',
        '  blog:',
        '    prefix: blog-',
        '    <<: *shop',
        '  both:',
        '    <<: [{ codec: raw }, *shop]',
        '  same: *shop',
      ].join('\n');
      expect(await folder.of(yaml, { profile: 'blog' })).to.include({ prefix: 'blog-', codec: 'json' });
      expect(await folder.of(yaml, { profile: 'both' })).to.include({ prefix: 'shop-', codec: 'raw' });
      expect(await folder.of(yaml, { profile: 'same' })).to.include({ name: 'same', prefix: 'shop-' });
    });

    it('report the line of the merged key', async () => {
      const yaml = 'profiles:\n  a: &a\n    driver: sqlite\n    prefx: x\n  b:\n    <<: *a\n';
      const { message } = await folder.failureOf(yaml, { profile: 'b' });
      expect(message).to.equal('cachectl.yaml:4: unknown key "prefx" in profile b');
    });

    it('merge maps only', async () => {
      const { message } = await folder.failureOf('profiles:\n  a:\n    driver: sqlite\n    <<: text\n');
      expect(message).to.equal('cachectl.yaml:4: "<<" merges something that is not a map');
    });

    it('that multiply or are circular are refused', async () => {
      const doubled = Array.from(
        { length: 30 },
        (_, level) => `  l${level + 1}: &l${level + 1} [*l${level}, *l${level}]`,
      );
      const bomb = ['profiles:', '  l0: &l0 [x, x]', ...doubled, '  a: { driver: sqlite, prefix: *l30 }'].join('\n');
      expect((await folder.failureOf(bomb, { profile: 'a' })).message).to.match(
        /aliases expand to more than 10000 values/,
      );
      const circle = 'profiles:\n  a: &a\n    driver: sqlite\n    <<: *a\n';
      expect((await folder.failureOf(circle)).message).to.match(/aliases form a circle/);
      const list = 'profiles:\n  a:\n    driver: sqlite\n    prefix: &p [*p]\n';
      expect((await folder.failureOf(list)).message).to.match(/aliases form a circle/);
    });
  });
});
