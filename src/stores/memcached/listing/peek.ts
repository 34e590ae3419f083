import { randomBytes } from 'node:crypto';

import type { CachectlError } from '../../../errors.js';
import type { Item } from '../protocol/node.js';

import { deferred, withTimeout } from '../../../async.js';
import { notAnswered } from '../errors.js';
import { metaCommand, type MetaNode } from '../protocol/meta-node.js';
import { ask, type TextWire } from '../protocol/text-connection.js';

/**
 * Reads one server's items on a connection of its own, which the watch of that server leaves out. Which number the server
 * gave it is learnt from the watch itself: it looks for a key that nobody else can know.
 */
export class Peek {
  readonly #node: MetaNode;
  readonly #timeoutMs: number;
  #opening: Promise<TextWire> | undefined;
  #wire: TextWire | undefined;
  #probe: { readonly key: string; heard(): void } | undefined;
  /** The number of our connection. */
  #connection: string | undefined;
  #isOver = false;

  constructor(node: MetaNode, timeoutMs: number) {
    this.#node = node;
    this.#timeoutMs = timeoutMs;
  }

  /** What each full key holds, or why it cannot be read. */
  async read(keys: readonly Buffer[]): Promise<ReadonlyArray<CachectlError | Item | undefined>> {
    if (this.#wire?.isOver) this.#opening = undefined;
    this.#opening ??= this.#open();
    const wire = await this.#opening;
    const answers = await ask(
      wire,
      keys.map((key) => metaCommand('mg', key, 'v f t c')),
    );
    return answers.map((answer) => this.#node.itemOf(answer));
  }

  /** Whether a lookup that the watch tells of is our own. Asked of each, in the order in which they come. */
  isOwn(connection: string | undefined, key: string): boolean {
    if (this.#probe?.key === key) {
      this.#connection = connection;
      this.#probe.heard();
      return true;
    }

    return connection !== undefined && connection === this.#connection && this.#wire?.isOver === false;
  }

  end(): void {
    this.#isOver = true;
    this.#wire?.end();
  }

  async #open(): Promise<TextWire> {
    try {
      this.#wire = await this.#node.text.dedicated();
      if (this.#isOver) this.#wire.end();
      await this.#beKnown(this.#wire);
      return this.#wire;
    } catch (error) {
      this.#opening = undefined;
      this.#wire?.end();
      throw error;
    }
  }

  /** @throws UnansweredError when the watch does not tell of us: it may have left that out */
  async #beKnown(wire: TextWire): Promise<void> {
    // Letters, digits and hyphens, which a watch prints as they are.
    const key = `cachectl-peek-${randomBytes(16).toString('hex')}`;
    const { promise, resolve } = deferred<void>();
    this.#probe = { key, heard: resolve };
    const known = Promise.all([promise, ask(wire, [metaCommand('mg', Buffer.from(key), '')])]);
    await withTimeout(known, this.#timeoutMs, () => notAnswered(this.#node.location));
  }
}
