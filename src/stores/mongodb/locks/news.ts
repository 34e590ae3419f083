import type { ChangeStream } from 'mongodb';

import type { Connection } from '../connection.js';
import type { LockDocument } from '../deployment.js';

/** What a lock's change stream said: it was removed, or it is worth a look. */
export type LockNews = 'removed' | 'worth a look';

/**
 * A change stream of one lock. Where the server has none, because it is no replica set, or does not answer, nothing is ever
 * heard: who listens must look now and then all the same.
 */
export class LockListener {
  readonly #heard: (news: LockNews) => void;
  #stream: ChangeStream<LockDocument> | undefined;
  #isUp = false;
  #wasUp = false;
  #isClosed = false;

  constructor(heard: (news: LockNews) => void) {
    this.#heard = heard;
  }

  /** Whether what happens to the lock is heard, as far as is known. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether it was up, and is no more. */
  get isLost(): boolean {
    return this.#wasUp && this.#isClosed;
  }

  /** Until it is closed. Never throws. */
  async listen(connection: Connection, id: string): Promise<void> {
    try {
      // Each question holds a socket while the server has nothing to say, for less than the socket's own time-out.
      const maxAwaitTimeMS = Math.min(1000, Math.max(1, Math.floor(connection.timeoutMs / 2)));
      const stream = await connection.run(async ({ locks }) =>
        locks.watch<LockDocument>([{ $match: { 'documentKey._id': id, operationType: { $in: CHANGES } } }], {
          maxAwaitTimeMS,
        }),
      );
      this.#stream = stream;
      if (this.#isClosed) return;
      await this.#read(stream);
    } catch {
      // Whoever tries to get the lock meets what is wrong, and tells it.
    } finally {
      this.#isUp = false;
      await this.close();
    }
  }

  /** Never throws. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#stream?.close().catch(() => {
      // It is gone, then.
    });
  }

  async #read(stream: ChangeStream<LockDocument>): Promise<void> {
    // The answer to the first question has a token, with most servers; the second one is open until something happens.
    stream.once('resumeTokenChanged', () => this.#up());
    const first = await stream.tryNext();
    this.#up();
    if (first !== null) this.#tell(first.operationType);
    for await (const { operationType } of stream) this.#tell(operationType);
  }

  /** From here on everything is heard; what was before must be looked for. */
  #up(): void {
    if (this.#isUp || this.#isClosed) return;
    this.#isUp = true;
    this.#wasUp = true;
    this.#heard('worth a look');
  }

  #tell(operation: string): void {
    this.#heard(operation === 'delete' ? 'removed' : 'worth a look');
  }
}

/** A lock is taken by an insertion, which is no news. */
const CHANGES = ['delete', 'replace', 'update'];
