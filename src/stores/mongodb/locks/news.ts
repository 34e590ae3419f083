import type { ChangeStream } from 'mongodb';

import type { Connection } from '../connection.js';
import type { LockDocument } from '../deployment.js';

/** What a lock's change stream reports: the lock was removed, or it may have changed. */
export type LockNews = 'changed' | 'removed';

/**
 * A change stream of one lock. Reports nothing if the server has no change streams (it is no replica set) or does not
 * answer, so the caller has to poll, too.
 */
export class LockListener {
  readonly #report: (news: LockNews) => void;
  #stream: ChangeStream<LockDocument> | undefined;
  #isUp = false;
  #wasUp = false;
  #isClosed = false;

  constructor(report: (news: LockNews) => void) {
    this.#report = report;
  }

  /** Whether changes of the lock are reported, as far as known. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether it was up before, and has ended. */
  get isLost(): boolean {
    return this.#wasUp && this.#isClosed;
  }

  /** Runs until it is closed. Never throws. */
  async listen(connection: Connection, id: string): Promise<void> {
    try {
      // Each request occupies a socket until there is a change, for less than the timeout of the socket.
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
      // The next attempt to acquire the lock reports the error.
    } finally {
      this.#isUp = false;
      await this.close();
    }
  }

  /** Never throws. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#stream?.close().catch(() => {
      // The connection is lost anyway.
    });
  }

  async #read(stream: ChangeStream<LockDocument>): Promise<void> {
    // With most servers, the first answer has a token. The second request stays open until there is a change.
    stream.once('resumeTokenChanged', () => this.#up());
    const first = await stream.tryNext();
    this.#up();
    if (first !== null) this.#changed(first.operationType);
    for await (const { operationType } of stream) this.#changed(operationType);
  }

  /** From now on, every change is reported. The caller has to check for earlier ones. */
  #up(): void {
    if (this.#isUp || this.#isClosed) return;
    this.#isUp = true;
    this.#wasUp = true;
    this.#report('changed');
  }

  #changed(operation: string): void {
    this.#report(operation === 'delete' ? 'removed' : 'changed');
  }
}

/** An insertion acquires the lock, which is no reason for another attempt. */
const CHANGES = ['delete', 'replace', 'update'];
