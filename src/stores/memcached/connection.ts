import type { MemcachedProfile, MemcachedServer } from '../../profiles/profile.js';
import type { Tunnel } from '../network/tunnel.js';
import type { Node } from './protocol/node.js';
import type { Login, Target } from './protocol/target.js';

import { CachectlError } from '../../errors.js';
import { endpointText } from '../network/endpoint.js';
import { BinaryConnection } from './protocol/binary-connection.js';
import { BinaryNode } from './protocol/binary-node.js';
import { ClassicNode } from './protocol/classic-node.js';
import { type Picker, picker } from './protocol/hashing.js';
import { MetaNode } from './protocol/meta-node.js';
import { TextConnection } from './protocol/text-connection.js';

/** The protocol of the servers; see `MemcachedProfile`. */
export type Protocol = NonNullable<MemcachedProfile['protocol']>;

/** The servers of one cache. Connects on first use. */
export class Connection {
  /** `memcached host:port, host:port`, for people. */
  readonly location: string;
  readonly nodes: readonly Node[];
  readonly profile: MemcachedProfile;
  readonly protocol: Protocol;
  readonly tunnel: Tunnel | undefined;
  readonly #pick: Picker;
  readonly #unhashed: Buffer;

  /** @param tunnel undefined: connect directly */
  constructor(profile: MemcachedProfile, timeoutMs: number, tunnel?: Tunnel) {
    this.tunnel = tunnel;
    this.location = `memcached ${profile.servers.map((server) => endpointText(server)).join(', ')}`;
    this.profile = profile;
    this.protocol = profile.protocol ?? (profile.username === undefined ? 'text' : 'binary');
    this.nodes = profile.servers.map((server) => nodeOf(server, { profile, timeoutMs, tunnel }, this.protocol));
    this.#pick = picker(profile);
    this.#unhashed = Buffer.from(profile.connectionPrefix ?? '');
  }

  /** In the order of `nodes`. */
  get servers(): readonly MemcachedServer[] {
    return this.profile.servers;
  }

  /** Servers that can list keys: none with the binary protocol or behind a proxy. */
  get metaNodes(): readonly MetaNode[] {
    return this.nodes.filter((node) => node instanceof MetaNode);
  }

  /** The server that has a full key. */
  at(key: Buffer): Node {
    const head = this.#unhashed;
    const isPrefixed = head.length > 0 && key.subarray(0, head.length).equals(head);
    return this.nodes[this.#pick(isPrefixed ? key.subarray(head.length) : key)]!;
  }

  /**
   * Process items on the servers that have their full keys, in parallel. Results are in the order of the items. If a
   * server fails, its error is the result of each of its items; other servers are not affected.
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

interface Reach {
  readonly profile: MemcachedProfile;
  readonly timeoutMs: number;
  readonly tunnel: Tunnel | undefined;
}

function nodeOf(server: MemcachedServer, { profile, timeoutMs, tunnel }: Reach, protocol: Protocol): Node {
  const { username, password, tls } = profile;
  const location = `memcached ${endpointText(server)}`;
  const target: Target = { server, location, timeoutMs, tunnel, ...(tls !== undefined && { tls }) };
  const login: Login | undefined =
    username === undefined || password === undefined ? undefined : { username, password };
  switch (protocol) {
    case 'binary': {
      return new BinaryNode(location, new BinaryConnection(target, login));
    }

    case 'classic': {
      return new ClassicNode(location, new TextConnection(target, { login, metaCommands: false }));
    }

    case 'text': {
      const text = new TextConnection(target, { login, metaCommands: true });
      return new MetaNode(location, text, async () => new BinaryConnection(target, undefined));
    }
  }
}
