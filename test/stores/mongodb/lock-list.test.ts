import { expect } from 'chai';

import type { Store } from '../../../src/stores/contract/store.js';

import { all, failure } from '../../../src/testing/suite/stores.js';
import { inSeconds, withDatabase } from '../../support/mongodb/database.js';

async function names(store: Store): Promise<string[]> {
  const found = await all(store.locks!());
  return found.map(({ name }) => name);
}

describe('MongoDB’s list of locks', () => {
  const database = withDatabase();

  async function insert(ids: readonly string[], expires_at: unknown = inSeconds(600)): Promise<void> {
    await database.locks().insertMany(ids.map((_id) => ({ _id, owner: 'an application', expires_at })));
  }

  it('has many pages, each live lock once, ordered by id', async () => {
    const numbers = Array.from({ length: 3000 }, (_, number) => String(number).padStart(4, '0'));
    await insert(numbers.map((number) => `app-${number}`));
    await insert(['app-0000-old'], inSeconds(-1));
    await insert(['app-0000-odd'], 'never');
    expect(await names(database.open({ prefix: 'app-' }))).to.deep.equal(numbers);
  });

  it('has only locks under the prefix', async () => {
    await insert(['předpona:', 'předpona:žluť', 'předponb:x', 'Předpona:x', 'předpona', '\u{1F600}:x']);
    expect(await names(database.open({ prefix: 'předpona:' }))).to.deep.equal(['', 'žluť']);
    expect(await names(database.open({ prefix: '\u{1F600}:' }))).to.deep.equal(['x']);
    expect(await names(database.open({ prefix: '' }))).to.have.lengthOf(6);
  });

  it('has holder and remaining time, in milliseconds too', async () => {
    await insert(['app-laravel'], inSeconds(60));
    await database.locks().insertOne({ _id: 'app-number', owner: 42, expires_at: inSeconds(60) });
    const store = database.open({ prefix: 'app-' });
    await store.lock('ours').acquire('ann', null);
    const [laravel, number, ours] = await all(store.locks!());
    expect(laravel).to.include({ name: 'laravel', owner: 'an application', detectedBy: 'place' });
    expect(laravel!.leftMs).to.be.within(1, 60_000);
    expect(laravel!.ttl).to.equal(Math.ceil(laravel!.leftMs! / 1000));
    expect(number).to.include({ name: 'number', owner: '42' });
    expect(ours).to.deep.equal({ name: 'ours', owner: 'ann', ttl: null, detectedBy: 'place' });
    expect(await store.lock('ours').holder()).to.deep.equal({ owner: 'ann', ttl: null });
    expect((await store.lock('laravel').holder())!.leftMs).to.be.within(1, laravel!.leftMs!);
  });

  it('ends on the signal', async () => {
    await insert(['app-a', 'app-b']);
    const controller = new AbortController();
    const listed = (async () => {
      const told: string[] = [];
      for await (const { name } of database.open({ prefix: 'app-' }).locks!({ signal: controller.signal })) {
        told.push(name);
        controller.abort(new Error(`enough after ${told.join(', ')}`));
      }
    })();
    expect(await failure(listed)).to.have.property('message', 'enough after a');
  });
});
