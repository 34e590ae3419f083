import { setTimeout as sleep } from 'node:timers/promises';

import type { Command, Reply } from '../client/command.js';
import type { RedisContext } from '../context.js';

import { keyFromBytes } from '../../entries/key-text.js';
import {
  inTagOrder,
  isTagSetKey,
  TAG_SET_HEAD,
  taggedKey,
  tagHashOf,
  tagOfSetKey,
  tagSetKey,
} from '../../tags/names.js';
import { scan } from '../keys.js';
import { unpacked } from './members.js';

/** Combinations of tags to remember. */
const MAX_KNOWN = 100_000;

/** With up to this many tags, each tag is asked about an entry of a listing. With more, all sets are read once. */
const MAX_QUERIED = 256;

/**
 * For members of a tag: with up to this many tags, each tag is asked; with up to the second number, all pairs are
 * hashed.
 */
const MAX_QUERIED_BESIDE = 1000;
const MAX_PAIRED = 100_000;

/** Commands per round trip. */
const BATCH_SIZE = 10_000;

/** Members to read at once. */
const PAGE = 1000;

/** The minimum time between two scans for tags while events arrive, in milliseconds. */
const SCAN_PAUSE_MS = 2000;

/** How long to wait for a tag that another node of a cluster may be about to announce, in milliseconds. */
const SOON_MS = 30;

/**
 * Finds the tags of entries. The key of a tagged entry starts with a hash of its tags in order, and it is a member of
 * each tag's set. Each combination of tags is looked up once.
 */
export class TagResolver {
  readonly #context: RedisContext;
  readonly #signal: AbortSignal | undefined;
  readonly #names = new Set<string>();
  /** The name, by the hash of that single name. */
  readonly #singles = new Map<string, string>();
  /** Ordered names, by their hash. */
  readonly #known = new Map<string, readonly string[]>();
  #scanned: Promise<void> | undefined;
  #scannedAt = -Infinity;
  #listed: Promise<ReadonlyMap<string, ReadonlySet<string>>> | undefined;
  /** The other name, by the hash of a pair. */
  #pairs: ReadonlyMap<string, string> | undefined;

  constructor(context: RedisContext, signal?: AbortSignal) {
    this.#context = context;
    this.#signal = signal;
  }

  /** Learn a tag from a key that was seen. @param key without prefixes */
  noteTagSet(key: string): void {
    if (!isTagSetKey(key)) return;
    const name = tagOfSetKey(key);
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#singles.set(hashOf([name]), name);
  }

  /** Empty for an entry without tags; undefined if the server must be asked. @param key without prefixes */
  known(key: string): readonly string[] | undefined {
    const hash = tagHashOf(key);
    return hash === undefined ? NONE : this.#knownBy(hash);
  }

  /** The tags of listed entries, in the order of `keys` (without prefixes). */
  async ofListed(keys: readonly string[]): Promise<ReadonlyArray<readonly string[]>> {
    const found = new Map<string, readonly string[]>();
    const hashes = keys.map((key) => tagHashOf(key));
    for (const [index, hash] of hashes.entries()) {
      if (hash === undefined || found.has(hash)) continue;
      const key = keys[index]!;
      if (this.#knownBy(hash) === undefined) await this.#scanOnce();
      found.set(hash, this.#knownBy(hash) ?? this.#inOrder(await this.#carried(hash, key), key));
    }

    return hashes.map((hash) => (hash === undefined ? NONE : found.get(hash)!));
  }

  /** The tags of an entry that was just used. May be incomplete if it was removed or renamed. */
  async ofUsed(key: string): Promise<readonly string[]> {
    for (const prepare of [async () => {}, async () => sleep(SOON_MS), async () => this.#scanAgain()]) {
      await prepare();
      this.#inOrder(await this.#ask(key), key);
      const known = this.known(key);
      if (known !== undefined) return known;
    }

    return this.#inOrder(await this.#asked(tagHashOf(key)!, key), key);
  }

  /** The other tags of a member of `name`, as far as they can be found. Call it with one name only. */
  async beside(name: string, key: string, hash: string): Promise<readonly string[]> {
    await this.#scanOnce();
    this.#pairs ??= this.#pairsWith(name);
    const other = this.#pairs.get(hash);
    if (other !== undefined) return [other];
    return this.#names.size > MAX_QUERIED_BESIDE ? [] : this.#asked(hash, key);
  }

  #knownBy(hash: string): readonly string[] | undefined {
    const single = this.#singles.get(hash);
    return single === undefined ? this.#known.get(hash) : [single];
  }

  /**
   * The ordered names, if they are complete, which are then remembered. An entry whose tags are not all listed, or of
   * which one was flushed, is looked up again.
   */
  #inOrder(names: readonly string[], key: string): readonly string[] {
    const ordered = inTagOrder(names, key);
    if (ordered === undefined) return names;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(tagHashOf(key)!, ordered);
    return ordered;
  }

  async #carried(hash: string, key: string): Promise<readonly string[]> {
    return this.#names.size <= MAX_QUERIED ? this.#asked(hash, key) : this.#read(hash);
  }

  /** Where tags are compressed, a writer at another level wrote other bytes, so the sets are read if some are missing. */
  async #asked(hash: string, key: string): Promise<readonly string[]> {
    const names = await this.#ask(key);
    const isComplete = this.#context.packing.compression === undefined || inTagOrder(names, key) !== undefined;
    return isComplete ? names : this.#read(hash);
  }

  async #read(hash: string): Promise<readonly string[]> {
    this.#listed ??= this.#readThrough();
    return [...((await this.#listed).get(hash) ?? NONE)];
  }

  /** The tags whose sets list an entry. */
  async #ask(key: string): Promise<readonly string[]> {
    const { connection, keys, packing } = this.#context;
    const member = packing.texts.pack(key);
    const names = [...this.#names];
    const carried: string[] = [];
    for (let at = 0; at < names.length; at += BATCH_SIZE) {
      const some = names.slice(at, at + BATCH_SIZE);
      const scores = await connection.batch(
        some.map((name): Command => ['ZSCORE', keys.full(tagSetKey(name)), member]),
      );
      carried.push(...some.filter((_, index) => scores[index] !== null && !(scores[index] instanceof Error)));
    }

    return carried;
  }

  /** Read all sets and group tag names by hash. Memory grows only with the combinations of tags. */
  async #readThrough(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { connection, keys, packing } = this.#context;
    const found = new Map<string, Set<string>>();
    for (const name of this.#names) {
      let cursor = '0';
      do {
        this.#signal?.throwIfAborted();
        const reply = await connection.call('ZSCAN', keys.full(tagSetKey(name)), cursor, 'COUNT', PAGE);
        const [next, members] = reply as readonly [Reply, readonly Buffer[]];
        cursor = String(next);
        // Each member is followed by its score.
        for (let at = 0; at < members.length; at += 2) {
          const hash = tagHashOf(keyFromBytes(unpacked(packing.texts, members[at]!)));
          if (hash !== undefined && !this.#singles.has(hash)) found.set(hash, (found.get(hash) ?? new Set()).add(name));
        }
      } while (cursor !== '0');
    }

    return found;
  }

  #pairsWith(name: string): ReadonlyMap<string, string> {
    if (this.#names.size > MAX_PAIRED) return new Map();
    const pairs = [...this.#names].flatMap((other) => [
      [hashOf([name, other]), other] as const,
      [hashOf([other, name]), other] as const,
    ]);
    return new Map(pairs);
  }

  async #scanOnce(): Promise<void> {
    this.#scanned ??= this.#scan();
    return this.#scanned;
  }

  async #scanAgain(): Promise<void> {
    if (performance.now() - this.#scannedAt < SCAN_PAUSE_MS) return;
    this.#scannedAt = performance.now();
    await this.#scan();
  }

  async #scan(): Promise<void> {
    const { connection, keys } = this.#context;
    for await (const page of scan(connection, keys, this.#signal, TAG_SET_HEAD)) {
      for (const full of page) this.noteTagSet(keys.short(full));
    }
  }
}

const NONE: readonly string[] = [];

function hashOf(names: readonly string[]): string {
  return taggedKey(names, '').slice(0, -1);
}
