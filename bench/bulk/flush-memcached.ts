import { once } from 'node:events';
import { connect } from 'node:net';

import type { Measurement, Scale } from '../measurement.js';

import { cachectl, type Run } from '../peak-memory.js';
import { withMemcached } from '../servers.js';
import { compared, memory, OTHERS, PREFIX, shell, short } from './compare.js';

/**
 * `flush` by prefix, beside libmemcached's tools (package libmemcached-tools). `memcdump` gives two megabytes of keys of each
 * slab class, the newest, so that they have a server without others', and are run again and again until it is empty.
 */
export async function* measureMemcached({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const what = `flush, ${short(entries)} of ${short(2 * entries)} keys, Memcached`;
  const ours = await withMemcached(async (port) => {
    await seed(port, PREFIX, entries);
    await seed(port, OTHERS, entries);
    return flush(port, entries);
  });
  const seconds = await withMemcached(async (port) => {
    await seed(port, PREFIX, entries);
    const servers = `--servers=127.0.0.1:${port}`;
    const line = `while keys=$(memcdump ${servers}) && [ -n "$keys" ]; do echo "$keys" | xargs memcrm ${servers}; done`;
    return shell(line, 'memcdump', 'xargs', 'memcrm');
  });
  yield compared(what, ours, {
    name: 'memcdump | xargs memcrm until nothing is left, of a server without others',
    seconds,
  });
  yield memory(
    `flush, ${short(entries)} keys, Memcached`,
    ours,
    await withMemcached(async (port) => {
      await seed(port, PREFIX, many);
      return flush(port, many);
    }),
  );
}

/** Entries of one write. */
const CHUNK = 2000;

/** So many under the prefix, as fast as the server takes them. */
async function seed(port: number, prefix: string, entries: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  for (let first = 0; first < entries; first += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, entries - first) }, (_, index) => first + index);
    const text = numbers.map((at) => line(prefix, at)).join('');
    if (!socket.write(text)) await once(socket, 'drain');
  }

  // Answered when all before it has been taken.
  socket.write('version\r\n');
  await once(socket, 'data');
  socket.destroy();
}

function line(prefix: string, at: number): string {
  const value = `value of the user ${String(at % 1_000_000).padStart(6, '0')}`;
  return `set ${prefix}users:${at}:profile 0 86400 ${value.length} noreply\r\n${value}\r\n`;
}

async function flush(port: number, entries: number): Promise<Run> {
  const run = await cachectl(['flush', '--yes', '--json', '--url', `memcached://127.0.0.1:${port}?prefix=${PREFIX}`]);
  const { removed } = JSON.parse(run.out) as { removed: number };
  if (removed !== entries) throw new Error(`flush removed ${removed}, not ${entries}`);
  return run;
}
