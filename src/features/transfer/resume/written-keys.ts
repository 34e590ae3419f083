import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import type { WrittenLines } from '../output.js';

import { keyFromBytes, keyToBytes } from '../../../stores/entries/key-text.js';
import { taggedKey } from '../../../stores/tags/names.js';

/** Keys that are in memory at once, as eight bytes each. */
const MAX_KEYS = 3_000_000;

/** The load factor of the hash table. */
const LOAD = 0.8;

/**
 * Resumes an export from a store whose listing has no places: yields a predicate for the listed keys that are not in the
 * written lines yet. For more lines than fit into memory it yields several, each for a portion of all keys, and each for
 * another pass over the listing.
 */
export async function* unwritten(written: WrittenLines): AsyncGenerator<(listedKey: string) => boolean> {
  const portions = Math.ceil(written.lines / MAX_KEYS);
  for (let portion = 0; portion < portions; portion++) {
    const isIn = ({ high }: Hash): boolean => high % portions === portion;
    const keys = new HashSet(Math.ceil(Math.min(written.lines, MAX_KEYS * SPREAD) / LOAD));
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

/** Portions differ in size. */
const SPREAD = 1.1;

interface Hash {
  readonly high: number;
  readonly low: number;
}

/** 64 bits: the odds that two of ten million keys collide are one in hundreds of thousands. */
function hashOf(key: string): Hash {
  const bytes = createHash('sha1').update(keyToBytes(key)).digest();
  // Zero marks an empty slot.
  return { high: bytes.readUInt32LE(0), low: bytes.readUInt32LE(4) || 1 };
}

/** An open-addressing set of a fixed capacity. */
class HashSet {
  readonly #slots: Uint32Array;
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#slots = new Uint32Array(2 * capacity);
  }

  add(hashed: Hash): void {
    const at = this.#find(hashed);
    this.#slots[at] = hashed.high;
    this.#slots[at + 1] = hashed.low;
  }

  has(hashed: Hash): boolean {
    return this.#slots[this.#find(hashed) + 1] !== 0;
  }

  /** The index of the hash, or of the free slot for it. */
  #find({ high, low }: Hash): number {
    const slots = this.#slots;
    for (let at = low % this.#capacity; ; at = (at + 1) % this.#capacity) {
      const known = slots[2 * at + 1];
      if (known === 0 || (known === low && slots[2 * at] === high)) return 2 * at;
    }
  }
}

/** The keys as the listing returned them. */
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

/** In a line of `printLine` the key comes first and tags, if any, come last. */
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
