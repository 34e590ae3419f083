import { tagHashOf } from '../../stores/tags/names.js';

/** Entries whose keys begin alike. */
export interface Branch {
  /** Ends with the separator if it has branches. `*` stands for names that were merged. */
  readonly name: string;
  readonly entries: number;
  readonly bytes: number;
  /** The largest first. */
  readonly branches: readonly Branch[];
}

/** The maximum number of siblings before they are merged. */
const MAX_NAMES = 256;

/** The maximum number of names in the tree before more siblings are merged. */
const MAX_TOTAL = 20_000;

const FOLDED = '*';

/** Generated names: numbers, UUIDs, hashes, ULIDs. */
const GENERATED = /^(?:\d+|[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}|[\da-f]{16,}|[\da-hjkmnp-tv-z]{26})$/i;

/**
 * A tree of keys by their parts, in bounded memory. Numbers, UUIDs and hashes are merged at once, other siblings when
 * there are more than a person would read.
 */
export class KeyTree {
  readonly #separator: string;
  readonly #depth: number;
  readonly #census = { names: 0, most: MAX_NAMES };
  readonly #root = new Node(this.#census);

  /** @param depth the number of levels */
  constructor(separator: string, depth: number) {
    this.#separator = separator;
    this.#depth = depth;
  }

  add(key: string, bytes: number): void {
    const hash = tagHashOf(key);
    const parts = (hash === undefined ? key : key.slice(hash.length + 1)).split(this.#separator);
    let node = this.#root;
    node.count(1, bytes);
    const path = hash === undefined ? parts : ['(tagged)', ...parts];
    for (const [index, part] of path.entries()) {
      if (index === this.#depth) break;
      node = (index === path.length - 1 ? node.leaves : node.groups).named(part);
      node.count(1, bytes);
    }

    if (this.#census.names > MAX_TOTAL) this.#shrink();
  }

  get whole(): Branch {
    return this.#root.branch('', this.#separator);
  }

  #shrink(): void {
    this.#census.most = Math.max(8, Math.floor(this.#census.most / 2));
    this.#root.fold();
  }
}

interface Census {
  names: number;
  /** The maximum number of siblings. */
  most: number;
}

class Node {
  entries = 0;
  bytes = 0;
  /** For keys with more parts. */
  readonly groups: Siblings;
  /** For keys that end here. */
  readonly leaves: Siblings;

  constructor(census: Census) {
    this.groups = new Siblings(census);
    this.leaves = new Siblings(census);
  }

  count(entries: number, bytes: number): void {
    this.entries += entries;
    this.bytes += bytes;
  }

  /** Add the counts of another node. */
  absorb(other: Node): void {
    this.count(other.entries, other.bytes);
    this.groups.absorb(other.groups);
    this.leaves.absorb(other.leaves);
  }

  /** Merge siblings if there are too many, here and below. */
  fold(): void {
    this.groups.fold();
    this.leaves.fold();
  }

  branch(name: string, separator: string): Branch {
    const branches = [...this.groups.branches(separator, separator), ...this.leaves.branches('', separator)];
    branches.sort((one, other) => other.bytes - one.bytes || other.entries - one.entries || byName(one, other));
    const [only] = branches;
    const isPlain = branches.length === 1 && only!.name === FOLDED && only!.branches.length === 0;
    const { entries, bytes } = this;
    return isPlain ? { name: name + FOLDED, entries, bytes, branches: [] } : { name, entries, bytes, branches };
  }
}

/** Sibling nodes by name. */
class Siblings {
  readonly #census: Census;
  readonly #nodes = new Map<string, Node>();
  /** Whether all are merged. */
  #isFolded = false;

  constructor(census: Census) {
    this.#census = census;
  }

  named(name: string): Node {
    const shown = this.#isFolded || GENERATED.test(name) ? FOLDED : name;
    const known = this.#nodes.get(shown);
    if (known) return known;
    const node = this.#put(shown);
    return this.#nodes.size > this.#census.most ? this.#foldAll() : node;
  }

  absorb(other: Siblings): void {
    for (const [name, node] of other.#nodes) this.named(name).absorb(node);
    this.#census.names -= other.#nodes.size;
  }

  fold(): void {
    for (const node of this.#nodes.values()) node.fold();
    if (this.#nodes.size > this.#census.most) this.#foldAll();
  }

  branches(ending: string, separator: string): Branch[] {
    return [...this.#nodes].map(([name, node]) => node.branch(name + ending, separator));
  }

  #foldAll(): Node {
    const nodes = [...this.#nodes.values()];
    this.#nodes.clear();
    this.#isFolded = true;
    const folded = this.#put(FOLDED);
    for (const node of nodes) folded.absorb(node);
    this.#census.names -= nodes.length;
    return folded;
  }

  #put(name: string): Node {
    const node = new Node(this.#census);
    this.#nodes.set(name, node);
    this.#census.names++;
    return node;
  }
}

function byName(one: Branch, other: Branch): number {
  return one.name < other.name ? -1 : 1;
}
