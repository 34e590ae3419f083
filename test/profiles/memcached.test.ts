import { expect } from 'chai';

import type { MemcachedProfile } from '../../src/profiles/profile.js';

import { describeRefusals, type Refusal, yamlOf } from '../support/refused-profiles.js';
import { Folder } from './folder.js';

const server = (host: string, port = 11_211, weight = 1) => ({ host, port, weight });

describe('a Memcached profile', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const of = async (...lines: string[]) => (await folder.of(yamlOf('memcached', lines))) as MemcachedProfile;

  it('has its servers in the application’s order', async () => {
    const profile = await of('servers: ["10.0.0.5", "10.0.0.6:11212", "[::1]:11213", "c:11211:100"]');
    expect(profile).to.deep.equal({
      name: 'a',
      driver: 'memcached',
      prefix: '',
      codec: 'php',
      protected: false,
      servers: [server('10.0.0.5'), server('10.0.0.6', 11_212), server('::1', 11_213), server('c', 11_211, 100)],
      distribution: 'modulo',
      serializer: 'php',
      compression: 'fastlz',
    });
    expect((await of('servers: h1,h2:2')).servers).to.deep.equal([server('h1'), server('h2', 2)]);
    expect((await of('url: memcached://h1,h2:2')).servers).to.deep.equal([server('h1'), server('h2', 2)]);
  });

  it("has the application's write settings", async () => {
    const options = { distribution: 'ketama', serializer: 'igbinary', compression: 'zlib' };
    expect(await of('servers: h', 'distribution: ketama', 'serializer: igbinary', 'compression: zlib')).to.deep.include(
      options,
    );
    expect(await of('servers: h', 'serializer: none', 'compression: none')).to.deep.include({
      serializer: 'php',
      compression: 'none',
    });
  });

  it('can have a SASL user', async () => {
    const user = { username: 'app', password: 'se:cret' };
    expect(await of('servers: h', 'username: app', 'password: se:cret')).to.deep.include(user);
    expect(await of('url: memcached://app:se%3Acret@h')).to.deep.include(user);
    expect(await of('servers: h', 'username: ""', 'password: ""')).not.to.have.any.keys('username', 'password');
  });

  it('can be a URL, and is named after its scheme', async () => {
    const url = 'memcached://app:p@h1,h2:2?prefix=shop-&distribution=ketama&codec=json&protected=true';
    expect(await folder.resolve({ url })).to.deep.equal({
      name: 'memcached',
      driver: 'memcached',
      prefix: 'shop-',
      codec: 'json',
      protected: true,
      servers: [server('h1'), server('h2', 2)],
      distribution: 'ketama',
      username: 'app',
      password: 'p',
      serializer: 'php',
      compression: 'fastlz',
    });
  });

  describe('is refused', () => {
    const cases: readonly Refusal[] = [
      [[], '2: profile a names no servers', /servers: \["10\.0\.0\.1:11211"/],
      [['servers: []'], '4: servers of profile a is an empty list', /host:port/],
      [['servers: ["h:0"]'], '4: servers of profile a has a node that is not host:port (h:0)', /ports/],
      [['servers: ["h:1:0"]'], '4: servers of profile a has a weight of 0 (h:1:0)', /1/],
      [['servers: ["::1:11211"]'], '4: servers of profile a has a node that is not host:port', /\[IPv6\]/],
      [['servers: ["redis://h"]'], '4: servers of profile a has a node that is not host:port', /host:port/],
      [['url: redis://h'], '4: url of profile a (redis://h) is not a URL of Memcached', /memcached:/],
      [['url: memcached://h', 'servers: h'], '5: servers of profile a is already in url (h)', /Remove one/],
      [['servers: h', 'password: hunter2'], '5: password of profile a requires username', /username:/],
      [['servers: h', 'username: u'], '5: username of profile a requires password (u)', /password:/],
      [['servers: h', 'distribution: random'], '5: unknown distribution in profile a (random)', /ketama/],
      [['servers: h', 'compression: lz4'], '5: unknown compression in profile a (lz4)', /fastlz/],
      [['servers: h', 'serializer: xml'], '5: unknown serializer in profile a (xml)', /msgpack/],
      [
        ['servers: h', 'codec: raw', 'compression: zlib'],
        '6: compression of profile a has no effect with codec: raw',
        /Remove/,
      ],
      [
        ['servers: h', 'codec: raw', 'serializer: php'],
        '6: serializer of profile a has no effect with codec: raw',
        /Remove/,
      ],
      [
        ['servers: h', 'database: 1'],
        '5: database of profile a is a key of driver redis, mongodb, mysql and postgres, not of memcached',
        /Remove/,
      ],
      [['servers: h', 'server: i'], '5: unknown key "server" in profile a', /mean servers\?/],
    ];
    describeRefusals(() => folder, 'memcached', cases);

    const urls: ReadonlyArray<[url: string, message: string]> = [
      ['memcached://', 'the URL (memcached://) has no host'],
      ['memcached://h/1', 'the URL (memcached://h/1) has a path'],
      [
        'memcached://u:hunter2@h:x',
        'the URL: servers of profile memcached has a node that is not host:port (memcached://u:***@h:x)',
      ],
    ];
    for (const [url, message] of urls) {
      it(`for ${url}`, async () => {
        expect(await folder.failure({ url })).to.have.property('message', message);
      });
    }
  });
});
