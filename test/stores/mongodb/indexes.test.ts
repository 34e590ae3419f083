import { expect } from 'chai';

import { integer } from '../../../src/codecs/value.js';
import { cachectl } from '../../support/cli.js';
import { withDatabase } from '../../support/mongodb/database.js';

interface Finding {
  readonly subject: string;
  readonly state: string;
  readonly message: string;
  readonly hint: null | string;
  readonly fix: null | string;
  readonly fixed: boolean;
}

const SUBJECTS = ['index on tags of cache', 'index on expires_at of cache', 'index on expires_at of cache_locks'];

describe('doctor on MongoDB', () => {
  const database = withDatabase();

  async function doctor(...flags: readonly string[]): Promise<{ code: null | number; findings: readonly Finding[] }> {
    const { code, out, err } = await cachectl(['doctor', '--json', ...flags, '--url', database.url()]);
    expect(err, err).not.to.include('error');
    const { findings } = JSON.parse(out) as { findings: readonly Finding[] };
    return { code, findings: findings.filter(({ subject }) => subject.startsWith('index')) };
  }

  async function indexes(): Promise<Record<string, string[]>> {
    const of = async (collection: ReturnType<typeof database.entries>): Promise<string[]> =>
      (await collection.indexes()).map(({ name }) => name!).sort();
    return { cache: await of(database.entries()), cache_locks: await of(database.locks()) };
  }

  beforeEach(async () => {
    await database.server().client.db(database.name).dropDatabase();
  });

  it('warns of every missing index, also before the first write', async () => {
    const { code, findings } = await doctor();
    expect(code).to.equal(0);
    expect(findings.map(({ subject }) => subject)).to.deep.equal(SUBJECTS);
    for (const { state, message, hint, fix, fixed } of findings) {
      expect({ state, hint, fixed }).to.deep.equal({
        state: 'warning',
        hint: 'Run doctor --fix to create it.',
        fixed: false,
      });
      expect(message).to.match(/^missing, so /);
      expect(fix).to.match(/^creates the index on \w+ of cache(_locks)?$/);
    }

    const names = await database.server().client.db(database.name).listCollections().toArray();
    expect(names).to.be.empty;
  });

  it('creates them with --fix --yes, and finds no fault afterwards', async () => {
    await database.open().put('k', integer(1), 60);
    const first = await doctor('--fix', '--yes');
    expect(first.code).to.equal(0);
    expect(first.findings.every(({ fixed }) => fixed)).to.be.true;
    expect(await indexes()).to.deep.equal({
      cache: ['_id_', 'expires_at_1', 'tags_1'],
      cache_locks: ['_id_', 'expires_at_1'],
    });
    const ttl = (await database.entries().indexes()).find(({ name }) => name === 'expires_at_1');
    expect(ttl).to.include({ expireAfterSeconds: 0 });

    const second = await doctor('--fix', '--yes');
    expect(second.findings.map(({ state, fixed }) => ({ state, fixed }))).to.deep.equal(
      SUBJECTS.map(() => ({ state: 'ok', fixed: false })),
    );
    expect(second.code).to.equal(0);
  });

  it('creates none otherwise: not by --fix without --yes, and not by other commands', async () => {
    const refused = await cachectl(['doctor', '--fix', '--url', database.url()]);
    expect(refused.code).to.equal(2);
    for (const command of [
      ['put', 'k', 'v', '--ttl', '1m'],
      ['put', 'k', 'v', '--tags', 'a,b'],
      ['get', 'k'],
      ['lock:acquire', 'l', '--ttl', '1m'],
      ['tags:flush', 'a', '--yes'],
      ['flush', '--yes', '--locks'],
    ]) {
      expect((await cachectl([...command, '--url', database.url()])).code).to.equal(0);
    }

    expect(await indexes()).to.deep.equal({ cache: ['_id_'], cache_locks: ['_id_'] });
  });

  it('accepts the index of Laravel’s createTTLIndex', async () => {
    await database.entries().createIndex({ expires_at: 1 }, { expireAfterSeconds: 0 });
    const { findings } = await doctor();
    expect(findings[1]).to.include({ subject: SUBJECTS[1], state: 'ok', message: 'expires_at_1 exists' });
  });

  it('accepts an index that begins with tags', async () => {
    await database.entries().createIndex({ tags: 1, expires_at: -1 }, { name: 'by_tag' });
    const { findings } = await doctor();
    expect(findings[0]).to.include({ state: 'ok', message: 'by_tag exists' });
  });

  it('warns of an index on expires_at that removes nothing, and does not change it', async () => {
    await database.entries().createIndex({ expires_at: 1 }, { name: 'mine' });
    const { code, findings } = await doctor('--fix', '--yes');
    expect(code).to.equal(0);
    expect(findings[1]).to.deep.include({ subject: SUBJECTS[1], state: 'warning' });
    expect(findings[1]!.message).to.equal('mine does not remove expired documents: it has no expireAfterSeconds');
    expect(findings[1]!.hint).to.include('db.cache.dropIndex("mine")');
    expect((await indexes()).cache).to.deep.equal(['_id_', 'mine', 'tags_1']);
  });
});
