import { fileURLToPath } from 'node:url';

import type { Measurement, Scale } from '../measurement.js';

import { taggedKey, tagSetKey } from '../../src/stores/tags/names.js';
import { cachectl, type Run } from '../peak-memory.js';
import { withRedis } from '../servers.js';
import { compared, memory, PREFIX, shell, short } from './compare.js';
import { seedTagged } from './seed-redis.js';

const TAG = 'people';
const LARAVELS = fileURLToPath(new URL('laravel-flush.php', import.meta.url));

/** `tags:flush`, compared with Laravel's `Cache::tags([...])->flush()`. */
export async function* measureTagsFlush({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const what = `tags:flush, ${short(entries)} entries, Redis`;
  const { ours, seconds } = await withRedis(async (port, client) => {
    await seedTagged(client, tagged(entries));
    const laravels = await shell(`php '${LARAVELS}' ${port} '${PREFIX}' '${TAG}'`, 'php');
    if (laravels !== undefined && (await client.dbsize()) > 0) throw new Error('Laravel left something');
    await client.flushdb();
    await seedTagged(client, tagged(entries));
    return { ours: await flush(port, entries), seconds: laravels };
  });
  yield compared(what, ours, { name: "Laravel's own flush of the tag", seconds }, 3);
  yield memory(
    what,
    ours,
    await withRedis(async (port, client) => {
      await seedTagged(client, tagged(many));
      return flush(port, many);
    }),
  );
}

function tagged(entries: number) {
  return { prefix: PREFIX, head: taggedKey([TAG], '').slice(0, -1), set: tagSetKey(TAG), entries };
}

async function flush(port: number, entries: number): Promise<Run> {
  const url = `redis://127.0.0.1:${port}?prefix=${PREFIX}`;
  const run = await cachectl(['tags:flush', TAG, '--yes', '--json', '--url', url]);
  const { removed } = JSON.parse(run.out) as { removed: number };
  if (removed !== entries) throw new Error(`tags:flush removed ${removed}, not ${entries}`);
  return run;
}
