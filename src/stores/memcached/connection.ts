import type { MemcachedProfile, MemcachedServer } from '../../profiles/profile.js';

import { CachectlError } from '../../errors.js';
import { BinaryConnection } from './binary-connection.js';
import { type Picker, picker } from './hashing.js';
import { MetaNode } from './meta-node.js';
import { Node } from './node.js';
import { TextConnection } from './text-connection.js';

/** The servers of one cache, each with its connections, made on first use. */
export class Connection {
  /** `memcached host:port, host:port`, for people. */
  readonly location: string;
  readonly nodes: readonly Node[];
  /** In the order of `nodes`. */
  readonly servers: readonly MemcachedServer[];
  readonly speaksSasl: boolean;
  readonly #pick: Picker;

  constructor(profile: MemcachedProfile, timeoutMs: number) {
    this.location = `memcached ${profile.servers.map((server) => placeOf(server)).join(', ')}`;
    this.servers = profile.servers;
    this.speaksSasl = profile.username !== undefined;
    this.nodes = profile.servers.map((server) => nodeOf(server, profile, timeoutMs));
    this.#pick = picker(profile);
  }

  /** Those whose keys can be listed; none behind SASL. */
  get metaNodes(): readonly MetaNode[] {
    return this.nodes.filter((node) => node instanceof MetaNode);
  }

  /** The server that a full key lives on. */
  at(key: Buffer): Node {
    return this.nodes[this.#pick(key)]!;
  }

  /**
   * Works on items where their full keys live, on all those servers at once, and gives what came of each, in order. A
   * server that cannot be worked with gives its error for each of its items; the others go on.
   */
  async spread<Item extends { readonly full: Buffer }, Done>(
    items: readonly Item[],
    work: (node: Node, items: readonly Item[]) => Promise<ReadonlyArray<Done | Error>>,
  ): Promise<ReadonlyArray<Done | Error>> {
    const shares = new Map<Node, Item[]>();
    for (const item of items) {
      const node = this.at(item.full);
      const share = shares.get(node);
      if (share) share.push(item);
      else shares.set(node, [item]);
    }

    const outcomes = new Map<Item, Done | Error>();
    await Promise.all(
      [...shares].map(async ([node, share]) => {
        const results = await attempted(node, share, work);
        for (const [index, item] of share.entries()) outcomes.set(item, results[index]!);
      }),
    );
    return items.map((item) => outcomes.get(item)!);
  }

  close(): void {
    for (const node of this.nodes) node.close();
  }
}

async function attempted<Item, Done>(
  node: Node,
  items: readonly Item[],
  work: (node: Node, items: readonly Item[]) => Promise<ReadonlyArray<Done | Error>>,
): Promise<ReadonlyArray<Done | Error>> {
  try {
    return await work(node, items);
  } catch (error) {
    if (!(error instanceof CachectlError)) throw error;
    return items.map(() => error);
  }
}

function nodeOf(server: MemcachedServer, { username, password }: MemcachedProfile, timeoutMs: number): Node {
  const location = `memcached ${placeOf(server)}`;
  const login = { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
  const binary = new BinaryConnection(server, location, { timeoutMs, login });
  // SASL ends where the text protocol begins: a server that wants it speaks the binary one only.
  if (username !== undefined) return new Node(location, binary);
  return new MetaNode(location, binary, new TextConnection(server, location, timeoutMs));
}

function placeOf({ host, port }: MemcachedServer): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
