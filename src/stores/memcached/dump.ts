import { setTimeout as sleep } from 'node:timers/promises';

import type { Ttl } from '../contract.js';
import type { Room } from './entries.js';
import type { MetaNode } from './meta-node.js';
import type { Wire } from './wire.js';

import { refusedBy } from './errors.js';
import { Spool } from './spool.js';
import { statsOf } from './text-connection.js';
import { uriDecoded, uriEncoded } from './uri.js';

/** What a dump says of an item. */
export interface Dumped {
  readonly full: Buffer;
  /** What it takes in the server's memory, in bytes: value, key and header. */
  readonly size: number;
  /** Seconds left, null for never. */
  readonly ttl: Ttl;
  /** Seconds since it was last read or written; the server notes a use when the one before is a minute ago. */
  readonly idle: number;
  /** A number that changes with every write, in digits. */
  readonly cas: string;
}

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
export async function* dump(node: MetaNode, room: Room, options: DumpOptions = {}): AsyncGenerator<Dumped[]> {
  for await (const { lines, now } of dumpedLines(node, room, options)) yield lines.flatMap((line) => parsed(line, now));
}

interface DumpedLines {
  readonly lines: readonly string[];
  /** The server's time. */
  readonly now: number;
}

/** The same as lines, for who wants less than all of each: those that have expired are among them. */
export async function* dumpedLines(
  node: MetaNode,
  { prefix, timeoutMs }: Room,
  { signal, head = '', most = Infinity }: DumpOptions = {},
): AsyncGenerator<DumpedLines> {
  signal?.throwIfAborted();
  const wire = await node.text.dedicated();
  try {
    const now = clock(Number((await statsOf(wire)).get('time')));
    const start = `key=${uriEncoded(Buffer.from(prefix + head))}`;
    for await (const lines of await begun(wire, { head: start, most }, timeoutMs)) {
      signal?.throwIfAborted();
      yield { lines, now: now() };
    }
  } finally {
    wire.end();
  }
}

interface Wanted {
  /** What the lines begin with. */
  readonly head: string;
  readonly most: number;
}

/** The lines of a dump that begin with `head`; asked for again for as long as the server is busy, within the time. */
async function begun(wire: Wire, wanted: Wanted, timeoutMs: number): Promise<Spool> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const { spool, refusal } = await walk(wire, wanted);
    if (refusal === undefined) return spool;
    if (!BUSY.test(refusal) || performance.now() > giveUpAt) throw refusedBy(wire.location, refusal);
    await sleep(PAUSE);
  }
}

/** Resolves with the first line: it says whether there is going to be a dump. */
async function walk(wire: Wire, { head, most }: Wanted): Promise<{ spool: Spool; refusal?: string }> {
  const spool = new Spool();
  let looked = 0;
  return new Promise((resolve, reject) => {
    wire.send('lru_crawler metadump hash\r\n', {
      isTimed: true,
      take({ line }) {
        const isItem = line.startsWith('key=');
        // «NOTSTARTED no items to crawl» is an empty server.
        const isEnd = line === 'END' || line.startsWith('NOTSTARTED');
        resolve(isItem || isEnd ? { spool } : { spool, refusal: line });
        if (isItem) {
          // What comes after it is not taken: the wire ends with the walk.
          if (++looked > most) spool.end();
          if (line.startsWith(head)) spool.add(line);
          if (spool.isFull) waitForDisk(wire, spool).catch((error: Error) => spool.end(error));
          return false;
        }

        spool.end(isEnd ? undefined : refusedBy(wire.location, line));
        return true;
      },
      fail(error) {
        reject(error);
        spool.end(error);
      },
    });
  });
}

/** What the disk cannot take is an error of the spool's. */
async function waitForDisk(wire: Wire, spool: Spool): Promise<void> {
  wire.pause();
  await spool.written();
  wire.resume();
}

/**
 * `key=%C5%BEk exp=1795437440 la=1795437400 cas=.. fetch=yes cls=1 size=71`, and more fields on newer servers; `exp` is -1
 * for never, both are Unix times. None where it has expired: a dump holds what expires in the second that it is asked
 * for, too.
 */
function parsed(line: string, now: number): Dumped[] {
  const expiry = numberIn(line, ' exp=');
  if (isPast(expiry, now)) return [];
  return [
    {
      full: keyIn(line),
      size: numberIn(line, ' size='),
      ttl: expiry === -1 ? null : expiry - now,
      idle: Math.max(0, now - numberIn(line, ' la=')),
      cas: textIn(line, ' cas='),
    },
  ];
}

/** Its full key. */
export function keyIn(line: string): Buffer {
  return uriDecoded(line.slice('key='.length, line.indexOf(' ')));
}

/** Whether what the line tells of has expired. */
export function hasExpired(line: string, now: number): boolean {
  return isPast(numberIn(line, ' exp='), now);
}

function isPast(expiry: number, now: number): boolean {
  return expiry !== -1 && expiry <= now;
}

function numberIn(line: string, name: string): number {
  return Number(textIn(line, name));
}

function textIn(line: string, name: string): string {
  const start = line.indexOf(name) + name.length;
  const end = line.indexOf(' ', start);
  return line.slice(start, end === -1 ? undefined : end);
}

/** The server's time, as it goes on since it was asked. */
function clock(serverTime: number): () => number {
  const start = performance.now();
  return () => serverTime + Math.floor((performance.now() - start) / 1000);
}
