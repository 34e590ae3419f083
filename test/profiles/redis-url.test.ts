import { expect } from 'chai';

import type { RedisConnection, RedisProfile } from '../../src/profiles/profile.js';

import { Folder } from './folder.js';

describe('a Redis URL', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const of = async (url: string) => (await folder.resolve({ url })) as RedisProfile;

  it('is a whole profile, named after its scheme', async () => {
    const url =
      'rediss://app:secret@cache:6380/1?prefix=shop-cache-&connectionPrefix=shop-database-&codec=json&protected=true&locks=redis://l/2';
    expect(await of(url)).to.deep.equal({
      name: 'rediss',
      driver: 'redis',
      prefix: 'shop-cache-',
      connectionPrefix: 'shop-database-',
      codec: 'json',
      protected: true,
      connection: {
        kind: 'server',
        nodes: [{ host: 'cache', port: 6380 }],
        database: 1,
        username: 'app',
        password: 'secret',
        tls: { verify: true },
      },
      locks: { kind: 'server', nodes: [{ host: 'l', port: 6379 }], database: 2 },
    });
  });

  const connections: ReadonlyArray<[url: string, connection: Partial<RedisConnection>]> = [
    ['redis://h', { nodes: [{ host: 'h', port: 6379 }], database: 0 }],
    ['redis://h/', { database: 0 }],
    ['redis://h:/', { nodes: [{ host: 'h', port: 6379 }] }],
    ['REDIS://h/5', { database: 5 }],
    ['redis://h?db=5', { database: 5 }],
    ['redis://h?database=5', { database: 5 }],
    ['redis://Cache.Internal', { nodes: [{ host: 'Cache.Internal', port: 6379 }] }],
    ['redis://[::1]', { nodes: [{ host: '::1', port: 6379 }] }],
    ['redis://[2001:db8::7]:6380/1', { nodes: [{ host: '2001:db8::7', port: 6380 }], database: 1 }],
    ['redis://[fe80::1%25eth0]', { nodes: [{ host: 'fe80::1%eth0', port: 6379 }] }],
    ['redis://:secret@h', { password: 'secret' }],
    ['redis://app:@h', { username: 'app' }],
    ['redis://app@h', { username: 'app' }],
    ['redis://a%3Ap:s%40%2F%3F%23%25%C3%A9@h', { username: 'a:p', password: 's@/?#%é' }],
    ['redis://:a:b@c+d@h', { password: 'a:b@c+d' }],
    ['redis://:p"\'<>\\^`{|}é🔑@h', { password: 'p"\'<>\\^`{|}é🔑' }],
    ['redis://h?password=p%40&username=u', { username: 'u', password: 'p@' }],
    ['unix:///run/redis.sock', { nodes: [], socket: '/run/redis.sock', database: 0 }],
    ['unix:///run/a%20b.sock?db=3', { socket: '/run/a b.sock', database: 3 }],
    ['unix://u:p@/run/redis.sock', { username: 'u', password: 'p', socket: '/run/redis.sock' }],
  ];
  for (const [url, connection] of connections) {
    it(`${url} is read`, async () => {
      expect((await of(url)).connection).to.deep.include(connection);
    });
  }

  it('has decoded parameters, and keeps a +', async () => {
    expect(await of('redis://h?prefix=a%2Bb+c%20d%26%3D%C3%A9=&connectionPrefix=')).to.include({
      prefix: 'a+b+c d&=é=',
      connectionPrefix: '',
    });
  });

  it('can contain the encoded URL of the locks', async () => {
    const { locks } = await of(`redis://h?locks=${encodeURIComponent('redis://:p%40q@l?db=4')}`);
    expect(locks).to.deep.equal({ kind: 'server', nodes: [{ host: 'l', port: 6379 }], database: 4, password: 'p@q' });
    const plain = await of('redis://:a@h?locks=redis://:b@l&prefix=x');
    expect(plain.locks).to.have.property('password', 'b');
    expect(plain).to.have.property('prefix', 'x');
  });

  describe('is refused with a masked password', () => {
    const cases: ReadonlyArray<[url: string, message: string, hint: RegExp]> = [
      ['', 'the URL is empty', /redis:\/\//],
      ['cache', 'the URL (cache) does not begin with a scheme', /redis:\/\//],
      ['localhost:6379', 'the URL (localhost:6379) has the unknown scheme', /scheme: redis:\/\/localhost:6379$/],
      ['10.0.0.5:11211', 'the URL (10.0.0.5:11211) does not begin', /scheme: memcached:\/\/10\.0\.0\.5:11211$/],
      ['u:hunter2@h:6379', 'the URL (u:***@h:6379) has the unknown scheme', /redis:\/\//],
      ['http://u:hunter2@h', 'the URL (http://u:***@h) has the unknown scheme', /redis:\/\//],
      ['couchbase://h', 'the URL (couchbase://h) has the unknown scheme', /memcached:\/\/.*mongodb:/],
      ['__proto__://h', 'the URL (__proto__://h) does not begin with a scheme', /redis:\/\//],
      ['constructor://h', 'the URL (constructor://h) has the unknown scheme', /redis:\/\//],
      ['redis:h', 'the URL (redis:***) has no // after its scheme', /redis:\/\/10\.0\.0\.1:6379/],
      ['redis://', 'the URL (redis://) has no host', /127\.0\.0\.1/],
      ['redis:///1', 'the URL (redis:///1) has no host', /127\.0\.0\.1/],
      ['redis://:hunter2@', 'the URL (redis://:***@) has no host', /127\.0\.0\.1/],
      ['redis://:hunter2', 'the URL (redis://:***) has no valid host and port', /%40/],
      ['redis://u:hunter2', 'the URL (redis://u:***) has no valid host and port', /%40/],
      ['redis://::1:6379', 'the URL (redis://:***) has no valid host and port', /\[ \]/],
      ['redis://h:0', 'the URL: port of profile redis must be a whole number from 1 to 65535 (redis://h:0)', /6379/],
      ['redis://h:70000', 'the URL: port of profile redis must be a whole number from 1 to 65535', /6379/],
      ['redis://h/x', 'the URL: database of profile redis must be a whole number from 0', /database: 0/],
      ['redis://h/1/2', 'the URL: database of profile redis must be a whole number from 0', /./],
      ['redis://h/-1', 'the URL: database of profile redis must be a whole number from 0', /./],
      ['redis://:hunter2@h/x', 'the URL: database of profile redis must be a whole number', /./],
      ['redis://:hun/ter2@h', 'the URL (redis://:***@h) has an @ after its host', /%2F/],
      ['redis://:hun?ter2@h', 'the URL (redis://:***@h) has an @ after its host', /%3F/],
      ['redis://u:1?hunter2=x@h', 'the URL (redis://u:***@h) has an @ after its host', /%3F/],
      ['redis://u:1/hunter2@h', 'the URL (redis://u:***@h) has an @ after its host', /%2F/],
      ['redis://:hun#ter2@h', 'the URL (redis://:***@h) contains a #', /%23/],
      ['redis://:hunter2%@h', 'the URL (redis://:***@h) has a % that is not pa', /%25/],
      ['redis://h?prefx=a', 'the URL: unknown key "prefx" in profile redis', /mean prefix\?/],
      ['redis://h?__proto__=a', 'the URL: unknown key "__proto__" in profile redis', /./],
      ['redis://h?path=a', 'the URL: path of profile redis is a key of driver sqlite and file, not of redis', /./],
      ['redis://h?prefix', 'the URL (redis://h?***) has a parameter that is not name=value', /prefix=shop-/],
      ['redis://h/1?db=1', 'the URL (redis://h/1?db=1) has "database" twice', /Remove/],
      ['redis://h?prefix=a&prefix=b', 'the URL (redis://h?prefix=a&prefix=b) has "prefix" twice', /Remove/],
      ['redis://h?host=a', 'the URL (redis://h?host=a) has "host" twice', /Remove/],
      ['redis://h?driver=sqlite', 'the URL (redis://h?driver=sqlite) has the parameter driver, which', /Remove it/],
      ['redis://h?url=redis://i', 'the URL (redis://h?url=redis://i) has the parameter url, which', /Remove it/],
      ['redis://h?codec=xml', 'the URL: unknown codec in profile redis (redis://h?codec=xml)', /php, json, raw|raw/],
      ['redis://h?protected=1', 'the URL: protected of profile redis must be true or false', /./],
      ['redis://h?verify=false', 'the URL: unknown key "verify" in profile redis', /./],
      ['redis+cluster://a,b/1', 'the URL: database of profile redis+cluster must be 0', /./],
      ['redis+sentinel://a', 'the URL: sentinels of profile redis+sentinel requires primary', /primary/],
      ['unix://h/s', 'the URL (unix://h/s) has a host', /three slashes/],
      ['unix://:hun/ter2@/s', 'the URL (unix://:***@/s) has a host', /./],
      ['unix://', 'the URL: socket of profile unix is empty', /./],
      [
        'redis://h?locks=http://u:hunter2@l',
        'the URL: url of locks of profile redis (redis://h?locks=http://u:***@l)',
        /./,
      ],
      ['redis://h?locks=redis://u:hunter2@l/x', 'the URL: database of locks of profile redis must be', /./],
      ['redis://h?passwd=hunter2', 'the URL: unknown key "passwd" in profile redis', /mean password\?/],
      [
        'redis://h/x?password=hunter2',
        'the URL: database of profile redis must be a whole number from 0 to 2147483647 (redis://h/x?password=***)',
        /./,
      ],
    ];
    for (const [url, message, hint] of cases) {
      it(`${JSON.stringify(url)}`, async () => {
        const failure = await folder.failure({ url });
        const shown = failure.message + failure.hint;
        expect(failure.message.slice(0, message.length)).to.equal(message);
        expect(failure.hint).to.match(hint);
        expect(shown).not.to.match(/hunter2|ter2/);
      });
    }
  });
});
