import { setTimeout as sleep } from 'node:timers/promises';

import type { Node } from './connection.js';

import { RefusedError } from '../../errors.js';
import { fieldsOf } from './lock-waiting.js';
import { given } from './replies.js';

/** The least time between two lists of clients, in milliseconds: a server may have thousands. */
const PAUSE_MS = 200;

/** What the clients of a server call themselves, by their addresses. */
export class Callers {
  readonly #node: Node;
  /** Empty of those that have no name, or were gone when it was asked. */
  #names = new Map<string, string>();
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

  /** Resolves when all are known, or known to be gone. */
  async lookFor(addresses: readonly string[]): Promise<void> {
    if (addresses.every((address) => this.isKnown(address))) return;
    const early = this.#askedAt + PAUSE_MS - performance.now();
    if (early > 0) await sleep(early);
    this.#askedAt = performance.now();
    try {
      const list = String(given(await this.#node.call('CLIENT', 'LIST')));
      const fields = list.split('\n').map((line) => fieldsOf(line));
      this.#names = new Map(fields.map((of) => [of.get('addr') ?? '', of.get('name') ?? '']));
      // Those that are gone are not asked for again.
      for (const address of addresses) if (!this.#names.has(address)) this.#names.set(address, '');
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.#isAllowed = false;
    }
  }
}
