// Waits for a lock like `lock:acquire --wait`; see processes.ts.
import { setTimeout as sleep } from 'node:timers/promises';

import type { Profile } from '../../src/profiles/profile.js';
import type { WaiterTask } from './processes.js';

import { newOwner } from '../../src/stores/locks/owner.js';
import { acquireWithin } from '../../src/stores/locks/wait.js';
import { openStore } from '../../src/stores/open.js';
import { sqlProfile } from '../../test/support/sql-server.js';

/** How long to hold the lock, and how long to rest afterwards, in milliseconds. */
const HOLD_MS = 10;
const REST_MS = 10;

const task = JSON.parse(process.argv[2]!) as WaiterTask;
console.log('ready');
await Promise.all(Array.from({ length: task.waiters }, async () => takeTurns()));

async function takeTurns(): Promise<void> {
  const store = await openStore(profileOf(task), { timeoutMs: 20_000 });
  const lock = store.lock('bench');
  const never = new AbortController().signal;
  for (let turn = 0; turn < task.turns; turn++) {
    const owner = newOwner();
    await acquireWithin(lock, { owner, ttl: 600, wait: 3600, signal: never });
    console.log(`acquired ${process.hrtime.bigint()}`);
    await sleep(HOLD_MS);
    console.log(`released ${process.hrtime.bigint()}`);
    await lock.release(owner);
    await sleep(REST_MS);
  }

  await store.close();
}

function profileOf({ redisPort, path = '', database }: WaiterTask): Profile {
  if (database !== undefined) return sqlProfile(database.driver, database, 'bench:');
  const common = { name: 'bench', prefix: 'bench:', codec: 'php', protected: false } as const;
  if (redisPort === undefined) {
    return { ...common, driver: 'sqlite', path, table: 'cache', lockTable: 'cache_locks' };
  }

  return {
    ...common,
    driver: 'redis',
    connectionPrefix: '',
    connection: { kind: 'server', nodes: [{ host: '127.0.0.1', port: redisPort }], database: 0 },
  };
}
