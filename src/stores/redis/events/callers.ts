import { setTimeout as sleep } from 'node:timers/promises';

import type { Node } from '../client/command.js';

import { RefusedError } from '../../../errors.js';
import { given } from '../client/replies.js';
import { fieldsOf } from '../locks/waiting.js';

/** The least time between two lists of clients, in milliseconds: a server may have thousands. */
const PAUSE_MS = 200;

/** Clients that are remembered. */
const MOST_KNOWN = 50_000;

/** For how long a name is taken for granted, in milliseconds: an address is somebody else's when its client has gone. */
const FRESH_MS = 30_000;

interface Known {
  /** Empty of one that has none, or was gone when it was asked. */
  readonly name: string;
  /** When it was said, on the clock of `performance`. */
  readonly at: number;
}

/** What the clients of a server call themselves, by their addresses. */
export class Callers {
  readonly #node: Pick<Node, 'call'>;
  readonly #freshMs: number;
  readonly #names = new Map<string, Known>();
  #askedAt = -Infinity;
  #isAllowed = true;

  /** @param node on whose own commands nobody waits */
  constructor(node: Pick<Node, 'call'>, freshMs = FRESH_MS) {
    this.#node = node;
    this.#freshMs = freshMs;
  }

  isKnown(address: string): boolean {
    return !this.#isAllowed || this.#isFresh(address);
  }

  /** Undefined of one without a name. */
  nameOf(address: string): string | undefined {
    return this.#names.get(address)?.name || undefined;
  }

  /** One said so itself: it may be gone before anybody asks. */
  learn(address: string, name: string): void {
    this.#names.set(address, { name, at: performance.now() });
  }

  #isFresh(address: string): boolean {
    const known = this.#names.get(address);
    return known !== undefined && performance.now() - known.at < this.#freshMs;
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
      for (const of of fields) this.learn(of.get('addr') ?? '', of.get('name') ?? '');
      // Those that are gone are not asked for again.
      for (const address of addresses) if (!this.#isFresh(address)) this.learn(address, '');
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.#isAllowed = false;
    }
  }
}
