import type { Collection } from 'mongodb';

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

import type { Measurement, Scale } from '../measurement.js';

import { cachectl, type Run } from '../peak-memory.js';
import { inFolder, withMemcached } from '../servers.js';
import { type Files, written } from '../transfer-files.js';
import { compared, memory, PREFIX, short } from './compare.js';
import { EXPIRY, SHARE, startServer } from './flush-mongodb.js';

/** Entries per write of a script. */
const AT_ONCE = 1000;

/** `import` into Memcached, beside a script that pipes `set` lines into a socket and ignores the answers. */
export async function* measureImportMemcached({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const what = `import of ${short(entries)} entries, Memcached`;
  const { ours, seconds } = await inFolder(async (folder) => {
    const files = written(folder, entries);
    return {
      ours: await withMemcached(async (port) => imported(`memcached://127.0.0.1:${port}?prefix=${PREFIX}`, files)),
      seconds: await withMemcached(async (port) => timed(async () => piped(port, files))),
    };
  });
  yield compared(what, ours, { name: 'a script that pipes `set` lines', seconds });
  yield memory(
    what,
    ours,
    await inFolder(async (folder) => {
      const files = written(folder, many);
      return withMemcached(async (port) => imported(`memcached://127.0.0.1:${port}?prefix=${PREFIX}`, files));
    }),
  );
}

/** `import` into MongoDB and `keys --count` there, compared with a script with insertMany and countDocuments. */
export async function* measureImportMongodb({ entries, many }: Scale): AsyncGenerator<Measurement> {
  const [some, more] = [Math.ceil(entries / SHARE), Math.ceil(many / SHARE)];
  const server = await startServer();
  try {
    const collection = server.client.db('bench').collection<{ _id: string }>('cache');
    const url = `${server.url}/bench?prefix=${PREFIX}`;
    const run = async (count: number): Promise<{ ours: Run; seconds: number }> =>
      inFolder(async (folder) => {
        const files = written(folder, count);
        await collection.deleteMany({});
        const seconds = await timed(async () => inserted(collection, files));
        await collection.deleteMany({});
        return { ours: await imported(url, files), seconds };
      });
    const { ours, seconds } = await run(some);
    const what = `import of ${short(some)} entries, ${server.name}`;
    yield compared(what, ours, { name: 'a script with insertMany', seconds });
    const counted = await cachectl(['keys', '--count', '--url', url]);
    if (counted.out !== `${some}\n`) throw new Error(`it counted ${counted.out} of ${some}`);
    const filter = { _id: { $regex: `^${PREFIX}` } };
    const name = 'countDocuments, the program not started';
    const counting = await timed(async () => collection.countDocuments(filter));
    yield compared(`keys --count of ${short(some)}, ${server.name}`, counted, { name, seconds: counting });
    yield memory(what, ours, (await run(more)).ours);
  } finally {
    await server.stop();
  }
}

async function imported(url: string, { lines }: Files): Promise<Run> {
  return cachectl(['import', lines, '--url', url]);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

interface Line {
  readonly key: string;
  readonly value: unknown;
  readonly expires: null | number;
}

/** The pages of a file of lines. */
function* pagesOf({ lines }: Files): Generator<readonly Line[]> {
  const texts = readFileSync(lines, 'utf8').trimEnd().split('\n');
  for (let start = 0; start < texts.length; start += AT_ONCE) {
    yield texts.slice(start, start + AT_ONCE).map((text) => JSON.parse(text) as Line);
  }
}

async function piped(port: number, files: Files): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  for (const page of pagesOf(files)) {
    const commands = page.map(({ key, value, expires }) => {
      const bytes = Buffer.from(JSON.stringify(value));
      return `set ${PREFIX}${key} 0 ${expires ?? 0} ${bytes.length} noreply\r\n${bytes.toString('latin1')}\r\n`;
    });
    if (!socket.write(commands.join(''), 'latin1')) await once(socket, 'drain');
  }

  // The reply to this command arrives after all earlier ones.
  socket.write('version\r\n');
  await once(socket, 'data');
  socket.destroy();
}

async function inserted(collection: Collection<{ _id: string }>, files: Files): Promise<void> {
  const forever = new Date(Date.now() + 315_360_000_000);
  for (const page of pagesOf(files)) {
    const documents = page.map(({ key, value, expires }) => {
      const end = expires === null ? forever : new Date(1000 * expires);
      return { _id: PREFIX + key, value: JSON.stringify(value), [EXPIRY]: end };
    });
    await collection.insertMany(documents, { ordered: false });
  }
}
