import { once } from 'node:events';
import { connect } from 'node:net';

import type { Measurement, Scale } from '../measurement.js';

import { cachectl, type Run } from '../peak-memory.js';
import { withMemcached } from '../servers.js';
import { compared, memory, OTHERS, PREFIX, shell, short } from './compare.js';

/**
 * `flush` by prefix, beside libmemcached's tools (package libmemcached-tools). `memcdump` prints only the newest two
 * megabytes of keys of each slab class. So the tools get a server without other keys, and run again until it is
 * empty.
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

/** Entries per write. */
const CHUNK = 2000;

/** Store that many entries under the prefix, as fast as the server accepts them. */
async function seed(port: number, prefix: string, entries: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  for (let first = 0; first < entries; first += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, entries - first) }, (_, index) => first + index);
    const text = numbers.map((at) => line(prefix, at)).join('');
    if (!socket.write(text)) await once(socket, 'drain');
  }

  // The reply to this command arrives after all earlier ones.
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
