import { setTimeout as sleep } from 'node:timers/promises';

import type { MemcachedContext } from '../context.js';
import type { MetaNode } from '../protocol/meta-node.js';

import { keyToBytes } from '../../entries/key-text.js';
import { refusedBy } from '../errors.js';
import { statsOf, type TextWire } from '../protocol/text-connection.js';
import { uriEncoded } from '../protocol/uri.js';
import { Spool } from './disk-buffer.js';
import { type Dumped, DumpLines, isAt, ITEM } from './dump-lines.js';
import { LineCutter } from './line-cutter.js';

/** A server runs one dump at a time, and none while its own crawler runs. */
const BUSY = /^BUSY|locked try again/;

/** The pause before the next request to a busy server, in milliseconds. */
const PAUSE = 50;

export interface DumpOptions {
  readonly signal?: AbortSignal | undefined;
  /** Only keys that begin with this after the prefix. */
  readonly head?: string;
  /** The maximum number of items to visit, including those of other prefixes. Default: all. */
  readonly most?: number;
}

/**
 * Yield every live item of a server under the prefix, page by page. The dump follows the hash table, so it contains
 * every item that existed all the time. While the server waits for its output to be read, it holds locks that the
 * application needs. So lines are read as fast as they arrive, however long the consumer takes.
 */
export async function* dump(
  node: MetaNode,
  context: MemcachedContext,
  options: DumpOptions = {},
): AsyncGenerator<Dumped[]> {
  for await (const { lines, now } of dumpedLines(node, context, options)) {
    const page: Dumped[] = [];
    while (lines.next()) {
      const item = lines.dumped(now);
      if (item !== undefined) page.push(item);
    }

    yield page;
  }
}

interface DumpedLines {
  readonly lines: DumpLines;
  /** The server's time. */
  readonly now: number;
}

/** The same as unparsed lines, for callers that need only some fields. Includes expired items. */
export async function* dumpedLines(
  node: MetaNode,
  { prefix, timeoutMs }: MemcachedContext,
  { signal, head = '', most = Infinity }: DumpOptions = {},
): AsyncGenerator<DumpedLines> {
  signal?.throwIfAborted();
  const wire = await node.text.dedicated();
  try {
    const now = clock(Number((await statsOf(wire)).get('time')));
    for await (const lines of await begun(wire, { head: lineHead(prefix + head), most }, timeoutMs)) {
      signal?.throwIfAborted();
      yield { lines: new DumpLines(lines, node.location), now: now() };
    }
  } finally {
    wire.end();
  }
}

/** The beginning of all lines whose keys begin with `keyHead`. */
export function lineHead(keyHead: string): Buffer {
  return Buffer.concat([ITEM, Buffer.from(uriEncoded(keyToBytes(keyHead)))]);
}

interface Wanted {
  /** The beginning of the lines. */
  readonly head: Buffer;
  readonly most: number;
}

/** Start a dump. Retries until the timeout while the server is busy. */
async function begun(wire: TextWire, wanted: Wanted, timeoutMs: number): Promise<Spool> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { spool, refusal } = await walk(wire, wanted);
    if (refusal === undefined) return spool;
    if (!BUSY.test(refusal) || performance.now() > deadline) throw refusedBy(wire.location, refusal);
    await sleep(PAUSE);
  }
}

/** Resolves with the first line, which shows whether the server dumps or refuses. */
async function walk(wire: TextWire, { head, most }: Wanted): Promise<{ spool: Spool; refusal?: string }> {
  const spool = new Spool();
  const cutter = new LineCutter();
  let visited = 0;
  let isOver = false;
  return new Promise((resolve, reject) => {
    const addLine = (bytes: Buffer, start: number, end: number): void => {
      if (isAt(bytes, start, ITEM)) {
        // Later lines are dropped: the caller closes the wire.
        if (++visited > most) spool.end();
        if (isAt(bytes, start, head)) spool.add(bytes, start, end);
        if (visited === 1) resolve({ spool });
        return;
      }

      const line = bytes.toString('latin1', start, end).trimEnd();
      // Since 1.6.43, a dump begins with it.
      if (line === 'OK' && visited === 0) return;
      // `NOTSTARTED no items to crawl`: the server is empty.
      const isEnd = line === 'END' || line.startsWith('NOTSTARTED');
      isOver = true;
      resolve(isEnd ? { spool } : { spool, refusal: line });
      spool.end(isEnd ? undefined : refusedBy(wire.location, line));
    };

    wire.send('lru_crawler metadump hash\r\n', {
      isTimed: true,
      takeBytes(chunk) {
        cutter.push(chunk, addLine);
        if (spool.isFull) waitForDisk(wire, spool).catch((error: Error) => spool.end(error));
        return isOver;
      },
      fail(error) {
        reject(error);
        spool.end(error);
      },
    });
  });
}

/** If the disk fails, so does the spool. */
async function waitForDisk(wire: TextWire, spool: Spool): Promise<void> {
  wire.pause();
  await spool.written();
  wire.resume();
}

/** Returns the server's current time, counted from when it was requested. */
function clock(serverTime: number): () => number {
  const start = performance.now();
  return () => serverTime + Math.floor((performance.now() - start) / 1000);
}
