import { expect } from 'chai';

import { cachectl } from '../support/cli.js';
import { onEveryStore } from '../support/places.js';
import { freePort } from '../support/redis-server.js';

interface Report {
  readonly profile: string;
  readonly findings: ReadonlyArray<{
    readonly subject: string;
    readonly state: string;
    readonly message: string;
    readonly hint: null | string;
    readonly fix: null | string;
    readonly fixed: boolean;
  }>;
}

describe('doctor', () => {
  onEveryStore((place) => {
    it('names the store of a profile, and that it answers', async () => {
      const { code, out } = await place.run(['doctor']);
      expect(code, out).to.equal(0);
      const lines = out.split('\n');
      const profile = lines.findIndex((line) => /^ok\tprofile\t.+, prefix shop-cache-$/.test(line));
      const reading = lines.findIndex((line) => /^ok\treading\tanswered in \d+ ms, including connecting$/.test(line));
      expect(profile, out).to.be.greaterThan(-1);
      expect(reading, out).to.be.greaterThan(profile);
    });

    it('prints the same as JSON', async () => {
      const { out } = await place.run(['doctor', '--json']);
      const { findings } = JSON.parse(out) as Report;
      const reading = findings.find(({ subject }) => subject === 'reading');
      expect(reading).to.deep.include({ state: 'ok', fixed: false });
      expect(reading).not.to.include.any.keys('hint', 'fix');
    });
  });

  it('exits like every command if the store cannot be reached, with a hint', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const { code, out } = await cachectl(['doctor', '--url', url]);
    expect(code).to.equal(3);
    expect(out).to.match(
      /\nok\tprofile\t.*\nfault\tconnect\t.*refuses connections\tCheck that the server is running.*\n$/,
    );
    const { findings } = JSON.parse((await cachectl(['doctor', '--url', url, '--json'])).out) as Report;
    expect(findings.at(-1)).to.deep.include({ subject: 'connect', state: 'fault' }).and.not.to.have.property('fix');
    expect(findings.at(-1)!.hint).to.include('port');
  });
});
