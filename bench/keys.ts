import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';

import type { Measurement, Scale } from './measurement.js';

import { Database } from '../test/support/database.js';
import { freePort } from '../test/support/redis-server.js';
import { programPath } from '../test/support/requirements.js';
import { cachectl, MEMORY_BUDGET_MB, type Run } from './peak-memory.js';
import { inFolder, withRedis } from './servers.js';

const PREFIX = 'shop-cache-';

/** A store with that many entries, and a peer that counts them. */
interface Loaded {
  readonly url: string;
  readonly entries: number;
  /** A command that prints the same number. */
  readonly peer: string;
}

type Loading = (entries: number, work: (loaded: Loaded) => Promise<Counted>) => Promise<Counted>;

const STORES: Readonly<Record<string, Loading>> = {
  Redis: inRedis,
  SQLite: inSqlite,
  Memcached: inMemcached,
};

interface Peer {
  readonly seconds: number;
  /** Lower if the peer does not see all keys: memcdump prints two megabytes of keys of each slab class. */
  readonly counted: number;
}

interface Counted {
  readonly count: Run;
  readonly list: Run;
  readonly peer: Peer | undefined;
  readonly peerCommand: string;
}

/** `keys --count` compared with a peer, with its memory and that of a full list. */
export async function* measureKeys({ entries, many }: Scale): AsyncGenerator<Measurement> {
  for (const [name, load] of Object.entries(STORES)) {
    const some = await load(entries, counted);
    yield {
      what: `keys --count of ${entries.toLocaleString('en')}, ${name}`,
      measured: `${some.count.seconds.toFixed(2)} s, ${some.count.peakMb.toFixed(0)} MB`,
      budget: 'no slower than the peer',
      ...(some.peer?.counted === entries && { isKept: some.count.seconds <= some.peer.seconds }),
      peer: peerText(some, entries),
    };
    const all = await load(many, counted);
    yield {
      what: `keys, all of ${entries.toLocaleString('en')} and of ${many.toLocaleString('en')}, ${name}`,
      measured: `${some.list.peakMb.toFixed(0)} MB and ${all.list.peakMb.toFixed(0)} MB`,
      budget: `<= ${MEMORY_BUDGET_MB} MB at any size`,
      isKept: Math.max(some.list.peakMb, all.list.peakMb) <= MEMORY_BUDGET_MB,
      peer: `in ${some.list.seconds.toFixed(1)} s and ${all.list.seconds.toFixed(1)} s`,
    };
  }
}

function peerText({ peer, peerCommand }: Counted, entries: number): string {
  if (peer === undefined) return `${peerCommand}: not on PATH`;
  const lack = peer.counted === entries ? '' : `, and it sees ${peer.counted.toLocaleString('en')} of them only`;
  return `${peerCommand}: ${peer.seconds.toFixed(2)} s${lack}`;
}

async function counted({ url, entries, peer }: Loaded): Promise<Counted> {
  const count = await cachectl(['keys', '--count', '--url', url]);
  if (count.out !== `${entries}\n`) throw new Error(`it counted ${count.out} of ${entries}`);
  const nowhere = openSync('/dev/null', 'w');
  const list = await cachectl(['keys', '--url', url], { stdout: nowhere });
  closeSync(nowhere);
  return { count, list, peer: timed(peer), peerCommand: shown(peer) };
}

/** Undefined without the program. */
function timed(command: string): Peer | undefined {
  if (programPath(command.split(' ', 1)[0]!) === undefined) return undefined;
  const start = performance.now();
  const { stdout } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  return { seconds: (performance.now() - start) / 1000, counted: Number(stdout) };
}

/** Hide the location of the server or file. */
function shown(command: string): string {
  return command.replace(/ (?:-p \d+|--servers=\S+|\/\S+)/, '');
}

async function inRedis(entries: number, work: (loaded: Loaded) => Promise<Counted>): Promise<Counted> {
  return withRedis(async (port, client) => {
    const fill = `for at = ARGV[1], ARGV[2] do redis.call('SET', ARGV[3] .. 'user:' .. at .. ':name', 's:5:"value";') end`;
    const step = 100_000;
    for (let start = 1; start <= entries; start += step) {
      await client.eval(fill, 0, start, Math.min(entries, start + step - 1), PREFIX);
    }

    const url = `redis://127.0.0.1:${port}?prefix=${PREFIX}`;
    return work({ url, entries, peer: `redis-cli -p ${port} --scan | wc -l` });
  });
}

async function inSqlite(entries: number, work: (loaded: Loaded) => Promise<Counted>): Promise<Counted> {
  return inFolder(async (folder) => {
    const file = path.join(folder, 'cache.sqlite');
    const url = `sqlite://${file}?prefix=${PREFIX}`;
    // cachectl creates its own tables.
    await cachectl(['put', 'first', '1', '--url', url]);
    const database = new Database(file);
    database
      .prepare(
        `WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
         INSERT INTO cache SELECT ? || 'user:' || n || ':name', 's:5:"value";', 4000000000 FROM numbers`,
      )
      .run(entries, PREFIX);
    database.close();
    return work({ url, entries, peer: `sqlite3 ${file} 'select count(*) from cache'` });
  });
}

async function inMemcached(entries: number, work: (loaded: Loaded) => Promise<Counted>): Promise<Counted> {
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const megabytes = String(Math.ceil(entries / 5000) + 64);
  const server = spawn('memcached', ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-m', megabytes, ...user], {
    stdio: 'ignore',
  });
  try {
    await fillMemcached(port, entries);
    const url = `memcached://127.0.0.1:${port}?prefix=${PREFIX}`;
    return await work({ url, entries, peer: `memcdump --servers=127.0.0.1:${port} | wc -l` });
  } finally {
    const exit = once(server, 'exit');
    server.kill();
    await exit;
  }
}

async function fillMemcached(port: number, entries: number): Promise<void> {
  const socket = await listening(port);
  const step = 10_000;
  for (let start = 1; start <= entries; start += step) {
    const numbers = Array.from({ length: Math.min(step, entries - start + 1) }, (_, index) => start + index);
    const commands = numbers.map((number) => `set ${PREFIX}user:${number}:name 0 0 5 noreply\r\nvalue\r\n`);
    socket.write(`${commands.join('')}version\r\n`);
    await once(socket, 'data');
  }

  socket.destroy();
}

async function listening(port: number): Promise<ReturnType<typeof connect>> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (isUp) return socket;
  }
}
