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

/** A server lets one go through its keys at a time, itself included. */
const BUSY = /^BUSY|locked try again/;

/** How long to wait before asking a busy server again, in milliseconds. */
const PAUSE = 50;

export interface DumpOptions {
  readonly signal?: AbortSignal | undefined;
  /** Only keys that go on so after the prefix. */
  readonly head?: string;
  /** Items that are looked at, those of others included; all when left out. */
  readonly most?: number;
}

/**
 * Every item of a server under the prefix that has not expired, page by page. The walk goes along the hash table, so that
 * nothing is missed that was there all the time; while the server waits for us to take a line it holds locks that the
 * application needs, so they are taken as fast as they come, however long the work on them takes.
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

/** The same as lines, for who wants less than all of each: those that have expired are among them. */
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

/** What the lines of keys that begin with `keyHead` begin with. */
export function lineHead(keyHead: string): Buffer {
  return Buffer.concat([ITEM, Buffer.from(uriEncoded(keyToBytes(keyHead)))]);
}

interface Wanted {
  /** What the lines begin with. */
  readonly head: Buffer;
  readonly most: number;
}

/** The lines of a dump that begin with `head`; asked for again for as long as the server is busy, within the time. */
async function begun(wire: TextWire, wanted: Wanted, timeoutMs: number): Promise<Spool> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const { spool, refusal } = await walk(wire, wanted);
    if (refusal === undefined) return spool;
    if (!BUSY.test(refusal) || performance.now() > giveUpAt) throw refusedBy(wire.location, refusal);
    await sleep(PAUSE);
  }
}

/** Resolves with the first line: it says whether there is going to be a dump. */
async function walk(wire: TextWire, { head, most }: Wanted): Promise<{ spool: Spool; refusal?: string }> {
  const spool = new Spool();
  const cutter = new LineCutter();
  let looked = 0;
  let isOver = false;
  return new Promise((resolve, reject) => {
    const takeLine = (bytes: Buffer, start: number, end: number): void => {
      if (isAt(bytes, start, ITEM)) {
        // What comes after it is not taken: the wire ends with the walk.
        if (++looked > most) spool.end();
        if (isAt(bytes, start, head)) spool.add(bytes, start, end);
        if (looked === 1) resolve({ spool });
        return;
      }

      const line = bytes.toString('latin1', start, end).trimEnd();
      // 1.6.43 and newer begin with it.
      if (line === 'OK' && looked === 0) return;
      // «NOTSTARTED no items to crawl» is an empty server.
      const isEnd = line === 'END' || line.startsWith('NOTSTARTED');
      isOver = true;
      resolve(isEnd ? { spool } : { spool, refusal: line });
      spool.end(isEnd ? undefined : refusedBy(wire.location, line));
    };

    wire.send('lru_crawler metadump hash\r\n', {
      isTimed: true,
      takeBytes(chunk) {
        cutter.push(chunk, takeLine);
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

/** What the disk cannot take is an error of the spool's. */
async function waitForDisk(wire: TextWire, spool: Spool): Promise<void> {
  wire.pause();
  await spool.written();
  wire.resume();
}

/** The server's time, as it goes on since it was asked. */
function clock(serverTime: number): () => number {
  const start = performance.now();
  return () => serverTime + Math.floor((performance.now() - start) / 1000);
}
