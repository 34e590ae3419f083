import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import type { WrittenLines } from '../output.js';

import { keyFromBytes, keyToBytes } from '../../../stores/entries/key-text.js';
import { taggedKey } from '../../../stores/tags/names.js';

/** Keys that are kept at once, as eight bytes each. */
const MOST_KEPT = 3_000_000;

/** How full a table gets at most. */
const LOAD = 0.8;

/**
 * For stores without places: tells which keys, as a listing gives them, are not among the lines that are written already. Of
 * more lines than fit into memory it tells one portion of all keys after the other, each time for another round through the
 * listing.
 */
export async function* unwritten(written: WrittenLines): AsyncGenerator<(listedKey: string) => boolean> {
  const portions = Math.ceil(written.lines / MOST_KEPT);
  for (let portion = 0; portion < portions; portion++) {
    const isIn = ({ high }: Hash): boolean => high % portions === portion;
    const keys = new HashSet(Math.ceil(Math.min(written.lines, MOST_KEPT * SPREAD) / LOAD));
    for await (const key of keysOf(written)) {
      const hashed = hashOf(key);
      if (isIn(hashed)) keys.add(hashed);
    }

    yield (listedKey) => {
      const hashed = hashOf(listedKey);
      return isIn(hashed) && !keys.has(hashed);
    };
  }
}

/** Portions are not of one size. */
const SPREAD = 1.1;

interface Hash {
  readonly high: number;
  readonly low: number;
}

/** 64 bits of it: that two of ten million keys share one has a chance of one to hundreds of thousands. */
function hashOf(key: string): Hash {
  const bytes = createHash('sha1').update(keyToBytes(key)).digest();
  // Nothing at all stands for no key.
  return { high: bytes.readUInt32LE(0), low: bytes.readUInt32LE(4) || 1 };
}

/** A set of hashes in as little memory as it can be, with room for as many as are said. */
class HashSet {
  readonly #slots: Uint32Array;
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
    this.#slots = new Uint32Array(2 * room);
  }

  add(hashed: Hash): void {
    const at = this.#find(hashed);
    this.#slots[at] = hashed.high;
    this.#slots[at + 1] = hashed.low;
  }

  has(hashed: Hash): boolean {
    return this.#slots[this.#find(hashed) + 1] !== 0;
  }

  /** Where it stands, or where it would. */
  #find({ high, low }: Hash): number {
    const slots = this.#slots;
    for (let at = low % this.#room; ; at = (at + 1) % this.#room) {
      const known = slots[2 * at + 1];
      if (known === 0 || (known === low && slots[2 * at] === high)) return 2 * at;
    }
  }
}

/** As the listing gave them. */
async function* keysOf({ path, bytes }: WrittenLines): AsyncGenerator<string> {
  let rest = '';
  const stream = createReadStream(path, { end: bytes - 1, highWaterMark: CHUNK, encoding: 'utf8' });
  for await (const chunk of stream as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield keyOf(line);
  }
}

const CHUNK = 256 * 1024;

/** Of the lines of `printLine`: the key comes first, and tags, where there are any, come last. */
function keyOf(line: string): string {
  if (line.endsWith(']}')) {
    const { key, key64 = '', tags, tags64 = [] } = JSON.parse(line) as Written;
    return taggedKey(tags ?? tags64.map((name) => fromBase64(name)), key ?? fromBase64(key64));
  }

  const [, is64, quotedKey = '""'] = KEY.exec(line) ?? [];
  const key = JSON.parse(quotedKey) as string;
  return is64 === undefined ? key : fromBase64(key);
}

interface Written {
  readonly key?: string;
  readonly key64?: string;
  readonly tags?: readonly string[];
  readonly tags64?: readonly string[];
}

function fromBase64(encoded: string): string {
  return keyFromBytes(Buffer.from(encoded, 'base64'));
}

const KEY = /^\{"key(64)?":("(?:[^"\\]|\\.)*")/;
