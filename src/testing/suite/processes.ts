import { expect } from 'chai';

import { integer } from '../../codecs/value.js';
import { Worker } from '../worker-process.js';
import { type Stores, textOf } from './stores.js';

const WORKERS = 4;
/** Of each. A store may start a process for each increment, as the file store does. */
const INCREMENTS = 60;

/** For stores whose data is shared by processes. */
export function describeProcesses(stores: Stores): void {
  const [locks, tags] = [stores.has('lock'), stores.has('tags')];
  describe('several processes at once', () => {
    let workers: Worker[] = [];
    let prefix: string;

    // Once for all cases, since a process takes long to start. Each case has keys of its own.
    before(async function () {
      this.timeout(120_000);
      prefix = stores.newPrefix();
      const profile = stores.harness.profile!({ prefix });
      workers = Array.from({ length: WORKERS }, () => new Worker(profile));
      await Promise.all(workers.map((worker) => worker.ready()));
    });

    after(() => {
      for (const worker of workers) worker.end();
    });

    it('succeed with one of many adds of a key', async () => {
      const keys = Array.from({ length: 200 }, (_, number) => `add:${number}`);
      const wins = await Promise.all(workers.map((worker) => worker.does({ job: 'add', keys })));
      expect(wins.reduce((sum, count) => sum + count, 0)).to.equal(keys.length);
    });

    it('lose no increment', async () => {
      await Promise.all(workers.map((worker) => worker.does({ job: 'increment', key: 'hits', times: INCREMENTS })));
      expect(textOf(await (await stores.under(prefix)).get('hits'))).to.equal(String(WORKERS * INCREMENTS));
    });

    if (locks) {
      it('read and write under a lock one at a time', async () => {
        const store = await stores.under(prefix);
        await store.put('guarded', integer(0), 600);
        await Promise.all(workers.map((worker) => worker.does({ job: 'guarded', key: 'guarded', times: 25 })));
        expect(textOf(await store.get('guarded'))).to.equal(String(WORKERS * 25));
        expect(await store.lock('guard').holder()).to.be.undefined;
      });
    }

    it('succeed with one of many pulls of a key', async () => {
      const keys = Array.from({ length: 200 }, (_, number) => `pull:${number}`);
      const store = await stores.under(prefix);
      await store.putMany(keys.map((key) => ({ key, value: integer(1), ttl: 600 })));
      const pulled = await Promise.all(workers.map((worker) => worker.does({ job: 'pull', keys })));
      expect(pulled.reduce((sum, count) => sum + count, 0)).to.equal(keys.length);
    });

    if (tags) {
      it('use tags and bulk writes without conflicts', async () => {
        const done = await Promise.all(
          workers.map((worker, number) =>
            worker.does({ job: 'tagged', tags: ['shared'], key: `w${number}`, times: 500 }),
          ),
        );
        expect(done).to.deep.equal(workers.map(() => 500));
        const store = await stores.under(prefix);
        expect(await store.tags(['shared']).flush({ dryRun: false })).to.equal(stores.counted(WORKERS * 500));
      });
    }
  });
}
