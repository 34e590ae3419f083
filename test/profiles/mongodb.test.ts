import { expect } from 'chai';
import { MongoClient } from 'mongodb';

import type { MongodbProfile } from '../../src/profiles/profile.js';

import { describeRefusals, type Refusal, yamlOf } from '../support/refused-profiles.js';
import { Folder } from './folder.js';

describe('a MongoDB profile', () => {
  let folder: Folder;

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  const of = async (...lines: string[]) => (await folder.of(yamlOf('mongodb', lines))) as MongodbProfile;

  it('has a database from its connection string, and collections', async () => {
    const profile = await of('url: mongodb://db/reports');
    expect(profile).to.deep.equal({
      name: 'a',
      driver: 'mongodb',
      prefix: '',
      codec: 'php',
      protected: false,
      url: 'mongodb://db/',
      database: 'reports',
      collection: 'cache',
      lockCollection: 'cache_locks',
    });
    expect(await of('url: mongodb://db', 'database: reports')).to.deep.equal(profile);
    expect(await of('hosts: [db]', 'database: reports')).to.deep.equal(profile);
    const renamed = { collection: 'app.cache', lockCollection: 'app.locks' };
    expect(await of('url: mongodb://db/reports', 'collection: app.cache', 'lockCollection: app.locks')).to.deep.include(
      renamed,
    );
  });

  it('passes the options of a connection string on unchanged', async () => {
    const options = 'replicaSet=rs0&readPreferenceTags=dc:ny&readPreferenceTags=&tls=true&tlsCAFile=%2Fca.pem';
    const whole = `mongodb://a:1,b:2,[::1]:3/?${options}`;
    expect((await of(`url: "mongodb://a:1,b:2,[::1]:3/reports?${options}"`)).url).to.equal(whole);
    expect((await of(`hosts: ["a:1", "b:2", "[::1]:3"]`, `options: "${options}"`, 'database: reports')).url).to.equal(
      whole,
    );
    expect((await of('url: mongodb+srv://cluster.example/reports')).url).to.equal('mongodb+srv://cluster.example/');
    expect((await of('url: mongodb://%2Frun%2Fmongodb.sock/reports')).url).to.equal('mongodb://%2Frun%2Fmongodb.sock/');
  });

  const users: ReadonlyArray<[url: string, shown: string]> = [
    ['mongodb://u:p@h/app', 'mongodb://u:p@h/?authSource=app'],
    ['mongodb://u:p@h/app?authSource=admin', 'mongodb://u:p@h/?authSource=admin'],
    ['mongodb://u:p@h/app?authMechanism=SCRAM-SHA-256', 'mongodb://u:p@h/?authMechanism=SCRAM-SHA-256&authSource=app'],
    ['mongodb://u@h/app?authMechanism=MONGODB-X509', 'mongodb://u@h/?authMechanism=MONGODB-X509'],
    ['mongodb://u:a%3Ab%2F%40@h/app?authSource=x', 'mongodb://u:a%3Ab%2F%40@h/?authSource=x'],
  ];
  for (const [url, shown] of users) {
    it(`authenticates users where ${url} says`, async () => {
      const profile = await of(`url: "${url}"`);
      expect(profile).to.include({ url: shown, database: 'app' });
      expect(credentials(profile)?.username).to.equal('u');
    });
  }

  it('can have the user beside the connection string', async () => {
    const profile = await of('url: mongodb://h', 'database: app', 'username: "a:b"', 'password: "p@/?#"');
    expect(credentials(profile)).to.include({ username: 'a:b', password: 'p@/?#' });
  });

  it('can be a URL, with keys of cachectl among the parameters', async () => {
    const url = 'mongodb://h/app?prefix=shop-&replicaSet=rs0&codec=json&collection=c&lockCollection=l&protected=true';
    expect(await folder.resolve({ url })).to.deep.equal({
      name: 'mongodb',
      driver: 'mongodb',
      prefix: 'shop-',
      codec: 'json',
      protected: true,
      url: 'mongodb://h/?replicaSet=rs0',
      database: 'app',
      collection: 'c',
      lockCollection: 'l',
    });
    expect(await folder.resolve({ url: 'mongodb://h?db=app' })).to.include({ database: 'app' });
  });

  describe('is refused', () => {
    const cases: readonly Refusal[] = [
      [[], '2: profile a names no database', /mongodb:\/\/host\/DATABASE/],
      [['url: mongodb://h'], '2: profile a names no database', /database:/],
      [['database: d'], '2: profile a does not say where MongoDB is', /url: mongodb:/],
      [['url: redis://h'], '4: url of profile a (redis://h) is not a URL of MongoDB', /mongodb\+srv/],
      [['url: mongodb:///d'], '4: url of profile a (mongodb:///d) has no host', /mongodb:/],
      [['url: mongodb://h/d', 'database: e'], '5: database of profile a is already in url (e)', /Remove one/],
      [['url: mongodb://h/a.b'], '4: database of profile a is not the name of a database', /Leave out/],
      [
        ['url: mongodb://h/d', 'collection: $x'],
        '5: collection of profile a is not the name of a collection ($x)',
        /Leave/,
      ],
      [
        ['url: mongodb://h/d', 'collection: cache_locks'],
        '5: collection of profile a is also the other collection',
        /separate/,
      ],
      [
        ['url: mongodb://h/d', 'lockCollection: cache'],
        '5: lockCollection of profile a is also the other collection',
        /separate/,
      ],
      [['url: mongodb://h/d', 'password: hunter2'], '5: password of profile a requires username', /username/],
      [
        ['hosts: ["u:hunter2@h"]', 'database: d'],
        '4: hosts of profile a is not the name or address of a host',
        /host:port/,
      ],
      [
        ['url: mongodb://h/d', 'table: t'],
        '5: table of profile a is a key of driver sqlite, mysql and postgres, not of mongodb (t)',
        /Remove/,
      ],
      [['url: mongodb://h/d', 'colection: t'], '5: unknown key "colection" in profile a', /mean collection\?/],
    ];
    describeRefusals(() => folder, 'mongodb', cases);
  });
});

/** As the driver parses them from the connection string. */
function credentials({ url }: MongodbProfile) {
  return new MongoClient(url).options.credentials;
}
