import { setTimeout as sleep } from 'node:timers/promises';

import type { Node } from './connection.js';

import { RefusedError } from '../../errors.js';
import { fieldsOf } from './lock-waiting.js';
import { given } from './replies.js';

/** The least time between two lists of clients, in milliseconds: a server may have thousands. */
const PAUSE_MS = 200;

/** Clients that are remembered. */
const MOST_KNOWN = 50_000;

/** What the clients of a server call themselves, by their addresses. */
export class Callers {
  readonly #node: Node;
  /** Empty of those that have no name, or were gone when it was asked. */
  readonly #names = new Map<string, string>();
  #askedAt = -Infinity;
  #isAllowed = true;

  /** @param node on whose own commands nobody waits */
  constructor(node: Node) {
    this.#node = node;
  }

  isKnown(address: string): boolean {
    return !this.#isAllowed || this.#names.has(address);
  }

  /** Undefined of one without a name. */
  nameOf(address: string): string | undefined {
    return this.#names.get(address) || undefined;
  }

  /** One said so itself: it may be gone before anybody asks. */
  learn(address: string, name: string): void {
    this.#names.set(address, name);
  }

  /** Resolves when all are known, or known to be gone. */
  async lookFor(addresses: readonly string[]): Promise<void> {
    if (addresses.every((address) => this.isKnown(address))) return;
    const early = this.#askedAt + PAUSE_MS - performance.now();
    if (early > 0) await sleep(early);
    this.#askedAt = performance.now();
    try {
      const list = String(given(await this.#node.call('CLIENT', 'LIST')));
      const fields = list.split('\n').map((line) => fieldsOf(line));
      if (this.#names.size > MOST_KNOWN) this.#names.clear();
      for (const of of fields) this.#names.set(of.get('addr') ?? '', of.get('name') ?? '');
      // Those that are gone are not asked for again.
      for (const address of addresses) if (!this.#names.has(address)) this.#names.set(address, '');
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.#isAllowed = false;
    }
  }
}
