import { expect } from 'chai';
import path from 'node:path';

import type { RedisProfile } from '../../src/profiles/profile.js';

import { describeRefusals, type Refusal, yamlOf } from '../support/refused-profiles.js';
import { Folder } from './folder.js';

describe('a Redis profile', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const of = async (...lines: string[]) => (await folder.of(yamlOf('redis', lines))) as RedisProfile;
  const server = { kind: 'server', nodes: [{ host: 'h', port: 6379 }], database: 0 };

  it('is a server, by URL or by keys', async () => {
    const whole = {
      kind: 'server',
      nodes: [{ host: 'cache.internal', port: 6380 }],
      database: 3,
      username: 'app',
      password: 'p@ss',
    };
    expect((await of('url: redis://app:p%40ss@cache.internal:6380/3')).connection).to.deep.equal(whole);
    const keys = ['host: cache.internal', 'port: 6380', 'database: 3', 'username: app', 'password: p@ss'];
    expect(await of(...keys)).to.deep.equal({
      name: 'a',
      driver: 'redis',
      prefix: '',
      codec: 'php',
      protected: false,
      connectionPrefix: '',
      connection: whole,
    });
  });

  it('defaults to port 6379, database 0 and no password', async () => {
    expect((await of('host: h')).connection).to.deep.equal(server);
    expect((await of('url: redis://h')).connection).to.deep.equal(server);
    expect((await of('host: h', 'username: ""', 'password: ${NONE:-}')).connection).to.deep.equal(server);
  });

  it('can have keys that its URL leaves out', async () => {
    const { connection } = await of('url: redis://h', 'database: 2', 'password: "123"');
    expect(connection).to.deep.equal({ ...server, database: 2, password: '123' });
  });

  it('has the prefixes of the application and of its client', async () => {
    expect(await of('host: h', 'connectionPrefix: shop-database-', 'prefix: shop-cache-')).to.include({
      connectionPrefix: 'shop-database-',
      prefix: 'shop-cache-',
    });
  });

  it('can be a socket', async () => {
    const socket = { kind: 'server', nodes: [], socket: '/run/redis.sock', database: 1, password: 'p' };
    expect((await of('socket: /run/redis.sock', 'database: 1', 'password: p')).connection).to.deep.equal(socket);
    expect((await of('url: "unix://:p@/run/redis.sock?db=1"')).connection).to.deep.equal(socket);
    expect((await of('socket: run/redis.sock')).connection.socket).to.equal(
      path.join(folder.project, 'run/redis.sock'),
    );
  });

  it('can be a cluster', async () => {
    const nodes = [
      { host: '10.0.0.1', port: 7000 },
      { host: 'n2', port: 6379 },
      { host: '::1', port: 7002 },
    ];
    const cluster = { kind: 'cluster', nodes, database: 0, password: 'p' };
    const list = 'cluster: ["10.0.0.1:7000", n2, "[::1]:7002"]';
    expect((await of(list, 'password: p')).connection).to.deep.equal(cluster);
    expect((await of('cluster: "10.0.0.1:7000, n2,[::1]:7002"', 'password: p')).connection).to.deep.equal(cluster);
    expect((await of('url: redis+cluster://:p@10.0.0.1:7000,n2,[::1]:7002')).connection).to.deep.equal(cluster);
    expect(
      (await of('cluster:', '  - 10.0.0.1:7000', '  - n2', '  - "[::1]:7002"', 'password: p')).connection,
    ).to.deep.equal(cluster);
  });

  it('can be a primary watched by sentinels', async () => {
    const watched = {
      kind: 'sentinel',
      nodes: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 26_380 },
      ],
      primary: 'mymaster',
      database: 2,
      password: 'p',
      sentinelUsername: 'w',
      sentinelPassword: 'x',
    };
    const keys = ['primary: mymaster', 'sentinelUsername: w', 'sentinelPassword: x', 'password: p', 'database: 2'];
    expect((await of('sentinels: [s1, "s2:26380"]', ...keys)).connection).to.deep.equal(watched);
    const url = 'redis+sentinel://:p@s1,s2:26380/2?primary=mymaster&sentinelUsername=w&sentinelPassword=x';
    expect((await of(`url: "${url}"`)).connection).to.deep.equal(watched);
  });

  it("has the application's options of phpredis", async () => {
    expect(await of('host: h')).not.to.have.any.keys('serializer', 'compression');
    expect(await of('host: h', 'serializer: none', 'compression: none')).not.to.have.any.keys(
      'serializer',
      'compression',
    );
    const options = { serializer: 'igbinary', compression: 'lz4' };
    expect(await of('host: h', 'serializer: igbinary', 'compression: lz4')).to.deep.include(options);
    expect(await of('url: redis://h?serializer=igbinary&compression=lz4')).to.deep.include(options);
  });

  describe('with TLS', () => {
    it('is requested by rediss:// or by tls', async () => {
      const secure = { ...server, tls: { verify: true } };
      expect((await of('url: rediss://h')).connection).to.deep.equal(secure);
      expect((await of('url: redis://h', 'tls: true')).connection).to.deep.equal(secure);
      expect((await of('host: h', 'tls: {}')).connection).to.deep.equal(secure);
      expect((await of('host: h', 'tls: ${NONE:-true}')).connection).to.deep.equal(secure);
      expect((await of('host: h', 'tls: false')).connection).to.deep.equal(server);
      expect((await of('url: rediss+cluster://h')).connection).to.deep.include({
        kind: 'cluster',
        tls: { verify: true },
      });
      expect((await of('url: rediss+sentinel://h?primary=p')).connection).to.deep.include({ tls: { verify: true } });
    });

    it('has certificates, with paths relative to the file', async () => {
      const tls = {
        verify: false,
        ca: path.join(folder.project, 'ca.pem'),
        cert: path.join(folder.home, 'cert.pem'),
        key: '/etc/key.pem',
      };
      const map = 'tls: { ca: ca.pem, cert: ~/cert.pem, key: /etc/key.pem, verify: false }';
      expect((await of('url: rediss://h', map)).connection.tls).to.deep.equal(tls);
      expect(
        (await of('url: rediss://h?ca=ca.pem&cert=~/cert.pem&key=/etc/key.pem&verify=false')).connection.tls,
      ).to.deep.equal(tls);
    });
  });

  describe('with separate locks', () => {
    it('on another connection, by URL or keys, inherits nothing', async () => {
      const locks = { kind: 'server', nodes: [{ host: 'l', port: 6379 }], database: 2 };
      const main = 'url: rediss://:p@h/1';
      expect((await of(main, 'locks: { url: redis://l/2 }')).locks).to.deep.equal(locks);
      expect((await of(main, 'locks: redis://l/2')).locks).to.deep.equal(locks);
      expect((await of(main, 'locks: { host: l, database: 2 }')).locks).to.deep.equal(locks);
      expect((await of(main)).locks).to.equal(undefined);
    });

    it("on another database of the same Redis, like Laravel's default", async () => {
      const profile = await of('url: rediss://u:p@h:6380/1', 'locks: { database: 0 }');
      expect(profile.connection.database).to.equal(1);
      expect(profile.locks).to.deep.equal({ ...profile.connection, database: 0 });
      const other = await of('sentinels: [s]', 'primary: one', 'locks: { primary: two, password: p }');
      expect(other.locks).to.deep.equal({ ...other.connection, primary: 'two', password: 'p' });
    });
  });

  describe('is refused', () => {
    const cases: readonly Refusal[] = [
      [[], '2: profile a does not say where Redis is', /url: redis:\/\/host:6379/],
      [['port: 6379'], '2: profile a does not say where Redis is', /./],
      [
        ['host: h', 'socket: /s'],
        '5: socket of profile a cannot be combined with host (/s)',
        /Keep one of host, socket/,
      ],
      [['url: redis://h', 'host: h'], '5: host of profile a is already in url (h)', /Remove one/],
      [['url: redis://h/1', 'database: 1'], '5: database of profile a is already in url (1)', /Remove one/],
      [['url: redis://:p@h', 'password: hunter2'], '5: password of profile a is already in url', /Remove one/],
      [['url: redis://h?prefix=a', 'prefix: a'], '5: prefix of profile a is already in url (a)', /Remove one/],
      [['url: redis://h', 'cluster: [h]'], '5: cluster of profile a cannot be combined with host', /Keep one/],
      [['url: unix:///s', 'port: 1'], '5: port of profile a cannot be combined with socket (1)', /port/],
      [['cluster: [h]', 'port: 1'], '5: port of profile a cannot be combined with cluster (1)', /port/],
      [['host: h', 'port: 0'], '5: port of profile a must be a whole number from 1 to 65535 (0)', /port: 6379/],
      [['host: h', 'port: 65536'], '5: port of profile a must be a whole number from 1 to 65535 (65536)', /./],
      [['host: h', 'port: 1.5'], '5: port of profile a must be a whole number from 1 to 65535 (1.5)', /./],
      [['host: h', 'port: x'], '5: port of profile a must be a whole number from 1 to 65535 (x)', /./],
      [['host: h', 'port: true'], '5: port of profile a must be a whole number from 1 to 65535 (true)', /./],
      [['host: h', 'port: ""'], '5: port of profile a must be a whole number from 1 to 65535', /./],
      [['host: h', 'database: -1'], '5: database of profile a must be a whole number from 0', /database: 0/],
      [['host: h', 'database: one'], '5: database of profile a must be a whole number from 0', /./],
      [['host: h', `database: ${'9'.repeat(30)}`], '5: database of profile a must be a whole number from 0', /./],
      [['cluster: [h]', 'database: 1'], '5: database of profile a must be 0 for a cluster (1)', /./],
      [['host: h', 'primary: p'], '5: primary of profile a is for sentinels only (p)', /sentinels:/],
      [['host: h', 'sentinelPassword: hunter2'], '5: sentinelPassword of profile a is for sentinels only', /./],
      [['sentinels: [h]'], '4: sentinels of profile a requires primary', /primary: mymaster/],
      [['cluster: []'], '4: cluster of profile a is an empty list', /host:port/],
      [['cluster: {}'], '4: cluster of profile a must be one value, not a map', /./],
      [['cluster: [h, [i]]'], '4: cluster of profile a must be one value, not a list', /./],
      [['cluster:', '  - h', '  - 7000'], '6: cluster of profile a must be text (7000)', /quotes/],
      [['cluster:', '  - h', '  - h:0'], '6: cluster of profile a has a node that is not host:port (h:0)', /host:port/],
      [['cluster: ["::1:7000"]'], '4: cluster of profile a has a node that is not host:port', /\[IPv6\]/],
      [['cluster: "h,,i"'], '4: cluster of profile a has a node that is not host:port (h,,i)', /./],
      [['cluster: ["u:hunter2@h:1"]'], '4: cluster of profile a has a node that is not host:port (u:***@h:1)', /./],
      [['host: redis://:hunter2@h'], '4: host of profile a is a URL (redis://:***@h)', /url/],
      [['host: h:6379'], '4: host of profile a contains a port (h:6379)', /port/],
      [['host: "a b"'], '4: host of profile a is not the name or address of a host (a b)', /./],
      [['host: ""'], '4: host of profile a is empty', /./],
      [['host: h', 'password: 123'], '5: password of profile a must be text', /quotes/],
      [['host: h', 'password:'], '5: password of profile a has no value', /""/],
      [['url: redis://h', 'tls: yes'], '5: tls of profile a must be true or false (yes)', /tls: true/],
      [['url: rediss://h', 'tls: false'], '5: tls of profile a is false, but the scheme of url turns TLS on', /redis:/],
      [['url: rediss://h?ca=x', 'tls: { ca: y }'], '5: tls of profile a is already in url', /Remove one/],
      [['host: h', 'tls:', '  verfy: false'], '6: unknown key "verfy" in tls of profile a', /mean verify\?/],
      [['host: h', 'tls:', '  cert: c'], '6: cert of tls of profile a requires key (c)', /key: PATH/],
      [['host: h', 'tls: { key: k }'], '5: key of tls of profile a requires cert (k)', /cert: PATH/],
      [['host: h', 'tls: { verify: no }'], '5: verify of tls of profile a must be true or false (no)', /./],
      [['socket: /s', 'tls: true'], '5: tls of profile a cannot be combined with socket (true)', /./],
      [['host: h', 'locks: {}'], '5: locks of profile a says nothing', /database: 0/],
      [['host: h', 'locks:'], '5: locks of profile a has no value', /./],
      [['host: h', 'locks: [l]'], '5: locks of profile a must be one value, not a list', /./],
      [['host: h', 'locks:', '  prefix: p'], '6: unknown key "prefix" in locks of profile a', /./],
      [['host: h', 'locks: redis://l?prefix=p'], '5: unknown key "prefix" in locks of profile a', /./],
      [['host: h', 'locks:', '  port: x'], '6: port of locks of profile a must be a whole number', /./],
      [['host: h', 'locks: sqlite:l.db'], '5: url of locks of profile a (sqlite:***) is not a URL of Redis', /redis:/],
      [['url: sqlite:l.db'], '4: url of profile a (sqlite:***) is not a URL of Redis', /driver/],
      [['url: ""'], '4: url of profile a is empty', /./],
      [
        ['url: redis://h?url=redis://i'],
        '4: url of profile a (redis://h?url=redis://i) has the parameter url',
        /Remove/,
      ],
      [['url: 5'], '4: url of profile a must be text (5)', /quotes/],
      [['host: h', 'serializer: xml'], '5: unknown serializer in profile a (xml)', /igbinary/],
      [['host: h', 'compression: gzip'], '5: unknown compression in profile a (gzip)', /lz4, lzf, zstd|zstd/],
      [['host: h', 'compression: fastlz'], '5: unknown compression in profile a (fastlz)', /There are/],
      [
        ['host: h', 'codec: json', 'serializer: php'],
        '6: serializer of profile a has no effect with codec: json',
        /Remove/,
      ],
      [
        ['host: h', 'path: x'],
        '5: path of profile a is a key of driver sqlite and file, not of redis (x)',
        /Keys of driver redis/,
      ],
    ];
    describeRefusals(() => folder, 'redis', cases);
  });
});
