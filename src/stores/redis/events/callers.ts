import { setTimeout as sleep } from 'node:timers/promises';

import type { Node } from '../client/command.js';

import { RefusedError } from '../../../errors.js';
import { given } from '../client/replies.js';
import { fieldsOf } from '../locks/waiting.js';

/** The minimum time between two CLIENT LIST calls, in milliseconds. A server may have thousands of clients. */
const PAUSE_MS = 200;

/** How many clients to remember. */
const MAX_KNOWN = 50_000;

/** How long a name is valid, in milliseconds. After a client disconnects, another one may get its address. */
const FRESH_MS = 30_000;

interface Known {
  /** Empty if the client has no name or was gone. */
  readonly name: string;
  /** When the name was learned, as `performance.now()`. */
  readonly at: number;
}

/** Maps addresses of clients to their names (CLIENT SETNAME). */
export class Callers {
  readonly #node: Pick<Node, 'call'>;
  readonly #freshMs: number;
  readonly #names = new Map<string, Known>();
  #askedAt = -Infinity;
  #isAllowed = true;

  /** @param node a connection whose replies no one else waits for */
  constructor(node: Pick<Node, 'call'>, freshMs = FRESH_MS) {
    this.#node = node;
    this.#freshMs = freshMs;
  }

  isKnown(address: string): boolean {
    return !this.#isAllowed || this.#isFresh(address);
  }

  /** Undefined if the client has no name. */
  nameOf(address: string): string | undefined {
    return this.#names.get(address)?.name || undefined;
  }

  /** Remember a name seen in a command. The client may be gone before CLIENT LIST runs. */
  learn(address: string, name: string): void {
    this.#names.set(address, { name, at: performance.now() });
  }

  #isFresh(address: string): boolean {
    const known = this.#names.get(address);
    return known !== undefined && performance.now() - known.at < this.#freshMs;
  }

  /** Look up names with CLIENT LIST, unless all are known. */
  async lookFor(addresses: readonly string[]): Promise<void> {
    if (addresses.every((address) => this.isKnown(address))) return;
    const early = this.#askedAt + PAUSE_MS - performance.now();
    if (early > 0) await sleep(early);
    this.#askedAt = performance.now();
    try {
      const list = String(given(await this.#node.call('CLIENT', 'LIST')));
      const fields = list.split('\n').map((line) => fieldsOf(line));
      if (this.#names.size > MAX_KNOWN) this.#names.clear();
      for (const of of fields) this.learn(of.get('addr') ?? '', of.get('name') ?? '');
      // Do not look for disconnected clients again.
      for (const address of addresses) if (!this.#isFresh(address)) this.learn(address, '');
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.#isAllowed = false;
    }
  }
}
