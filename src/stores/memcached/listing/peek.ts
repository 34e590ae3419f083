import { randomBytes } from 'node:crypto';

import type { CachectlError } from '../../../errors.js';
import type { Item } from '../protocol/node.js';

import { deferred, withTimeout } from '../../../async.js';
import { notAnswered } from '../errors.js';
import { metaCommand, type MetaNode } from '../protocol/meta-node.js';
import { ask, type TextWire } from '../protocol/text-connection.js';

/**
 * Reads items of one server on a connection of its own, whose lookups the watch ignores. The watch itself reveals the
 * number of that connection: it requests a random key and waits for the lookup to appear.
 */
export class Peek {
  readonly #node: MetaNode;
  readonly #timeoutMs: number;
  #opening: Promise<TextWire> | undefined;
  #wire: TextWire | undefined;
  #probe: { readonly key: string; found(): void } | undefined;
  /** The number of this connection. */
  #connection: string | undefined;
  #isOver = false;

  constructor(node: MetaNode, timeoutMs: number) {
    this.#node = node;
    this.#timeoutMs = timeoutMs;
  }

  /** The item of each full key, or why it cannot be read. */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    if (this.#wire?.isClosed) this.#opening = undefined;
    this.#opening ??= this.#open();
    const wire = await this.#opening;
    const answers = await ask(
      wire,
      keys.map((key) => metaCommand('mg', key, 'v f t c')),
    );
    return answers.map((answer) => this.#node.itemOf(answer));
  }

  /** Whether a lookup came from this connection. Called for each lookup in the order of arrival. */
  isOwn(connection: string | undefined, key: string): boolean {
    if (this.#probe?.key === key) {
      this.#connection = connection;
      this.#probe.found();
      return true;
    }

    return connection !== undefined && connection === this.#connection && this.#wire?.isClosed === false;
  }

  end(): void {
    this.#isOver = true;
    this.#wire?.end();
  }

  async #open(): Promise<TextWire> {
    try {
      this.#wire = await this.#node.text.dedicated();
      if (this.#isOver) this.#wire.end();
      await this.#identify(this.#wire);
      return this.#wire;
    } catch (error) {
      this.#opening = undefined;
      this.#wire?.end();
      throw error;
    }
  }

  /** @throws UnansweredError if the lookup does not appear: the server may have dropped it */
  async #identify(wire: TextWire): Promise<void> {
    // Characters that a watch prints unencoded.
    const key = `cachectl-peek-${randomBytes(16).toString('hex')}`;
    const { promise, resolve } = deferred<void>();
    this.#probe = { key, found: resolve };
    const known = Promise.all([promise, ask(wire, [metaCommand('mg', Buffer.from(key), '')])]);
    await withTimeout(known, this.#timeoutMs, () => notAnswered(this.#node.location));
  }
}
