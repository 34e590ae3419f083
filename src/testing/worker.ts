import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Profile } from '../profiles/profile.js';
import type { Store } from '../stores/contract/store.js';

import { integer } from '../codecs/value.js';
import { newOwner } from '../stores/locks/owner.js';
import { openStore } from '../stores/open.js';

/** The jobs for a child process, one JSON document per line of standard input. */
export type Job =
  | { readonly job: 'add'; readonly keys: readonly string[] }
  | { readonly job: 'guarded'; readonly key: string; readonly times: number }
  | { readonly job: 'increment'; readonly key: string; readonly times: number }
  | { readonly job: 'pull'; readonly keys: readonly string[] }
  | { readonly job: 'tagged'; readonly tags: readonly string[]; readonly key: string; readonly times: number }
  | { readonly job: 'tail' };

/** Do a job on a store. Returns how many times it succeeded. */
async function perform(store: Store, job: Job): Promise<number> {
  switch (job.job) {
    case 'add': {
      let added = 0;
      for (const key of job.keys) if (await store.add(key, integer(1), 600)) added++;
      return added;
    }

    case 'guarded': {
      for (let time = 0; time < job.times; time++) await guarded(store, job.key);
      return job.times;
    }

    case 'increment': {
      for (let time = 0; time < job.times; time++) await store.increment(job.key, 1n);
      return job.times;
    }

    case 'pull': {
      let pulled = 0;
      for (const key of job.keys) if (await store.pull(key)) pulled++;
      return pulled;
    }

    case 'tagged': {
      const entries = Array.from({ length: job.times }, (_, number) => ({
        key: `${job.key}:${number}`,
        value: integer(number),
        ttl: 600,
      }));
      return store.tags(job.tags).putMany(entries);
    }

    case 'tail': {
      // Stays open: the test kills this process.
      await store.events({ signal: new AbortController().signal, enable: true });
      return 1;
    }
  }
}

/** Read a number and write the next one. Counts get lost unless a lock excludes others. */
async function guarded(store: Store, key: string): Promise<void> {
  const lock = store.lock('guard');
  const owner = newOwner();
  while (!(await lock.acquire(owner, 60))) await sleep(1);
  const value = (await store.get(key))!.decode();
  const count = 'value' in value ? BigInt(String(value.value)) : 0n;
  await sleep(0);
  await store.put(key, integer(count + 1n), 600);
  if (!(await lock.release(owner))) throw new Error('The lock was lost.');
}

const profile = JSON.parse(process.argv[2] ?? '') as Profile;
const store = await openStore(profile, { timeoutMs: 20_000 });
await store.get('warm-up');
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  console.log(await perform(store, JSON.parse(line) as Job));
}

await store.close();
