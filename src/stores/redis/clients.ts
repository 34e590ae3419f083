import type { Node } from './connection.js';

import { RefusedError } from '../../errors.js';
import { fieldsOf } from './lock-waiting.js';
import { given } from './replies.js';

/** How long a list of clients is good for, in milliseconds: many come and go within a second. */
const FRESH_MS = 1000;

/** What the clients of a server call themselves, by their addresses. */
export class Clients {
  readonly #node: Node;
  #names: ReadonlyMap<string, string> = new Map();
  #askedAt = -Infinity;
  #isAllowed = true;

  constructor(node: Node) {
    this.#node = node;
  }

  /** Undefined of those that are gone, have no name, or where it may not be asked. */
  async nameOf(address: string): Promise<string | undefined> {
    const known = this.#names.get(address);
    if (known === undefined && this.#isAllowed && performance.now() - this.#askedAt > FRESH_MS) await this.#ask();
    return this.#names.get(address) || undefined;
  }

  async #ask(): Promise<void> {
    this.#askedAt = performance.now();
    try {
      const list = String(given(await this.#node.call('CLIENT', 'LIST')));
      const fields = list.split('\n').map((line) => fieldsOf(line));
      this.#names = new Map(fields.map((of) => [of.get('addr') ?? '', of.get('name') ?? '']));
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.#isAllowed = false;
    }
  }
}
