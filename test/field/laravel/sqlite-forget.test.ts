import { expect } from 'chai';

import { sqlitePlace } from '../../support/places.js';

const CREATED = 'illuminate:cache:flexible:created:';

describe("forget on SQLite, like Laravel's database store", () => {
  const place = sqlitePlace();
  const exists = async (key: string, ...flags: string[]): Promise<boolean> =>
    (await place.run(['get', key, ...flags])).code === 0;

  for (const command of ['forget', 'pull']) {
    it(`${command} removes the created entry of a flexible entry, and counts only the entry`, async () => {
      for (const key of ['k', `${CREATED}k`, `${CREATED}other`]) await place.run(['put', key, '1']);
      const { code, out } = await place.run([command, 'k']);
      expect(code).to.equal(0);
      if (command === 'forget') expect(out).to.not.include('2');
      expect(await exists('k')).to.be.false;
      expect(await exists(`${CREATED}k`)).to.be.false;
      expect(await exists(`${CREATED}other`)).to.be.true;
    });
  }

  it('does so for a missing key, which stays a miss', async () => {
    await place.run(['put', `${CREATED}k`, '1']);
    expect((await place.run(['forget', 'k'])).code).to.equal(1);
    expect(await exists(`${CREATED}k`)).to.be.false;
  });

  it('does so with tags, and leaves no tag rows behind', async () => {
    for (const key of ['k', `${CREATED}k`]) await place.run(['put', key, '1', '--tags', 't']);
    expect((await place.run(['forget', 'k', '--tags', 't'])).code).to.equal(0);
    expect(await exists(`${CREATED}k`, '--tags', 't')).to.be.false;
    expect((await place.run(['tags:show', 't', '--stale'])).out).to.equal('');
    expect((await place.run(['tags:list'])).out).to.equal('');
  });

  it('makes remember run its command again', async () => {
    const remember = async (text: string): Promise<string> =>
      (await place.run(['remember', 'k', '--ttl', '10m', '--stale', '10m', '--', 'printf', text])).out;
    expect(await remember('one')).to.equal('one');
    expect(await remember('two')).to.equal('one');
    await place.run(['forget', 'k']);
    expect(await exists(`${CREATED}k`)).to.be.false;
    expect(await remember('three')).to.equal('three');
  });
});
