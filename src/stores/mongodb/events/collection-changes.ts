import type { ChangeStream, ChangeStreamDocument, Collection, ResumeToken } from 'mongodb';

import type { Connection } from '../connection.js';
import type { CollectionRole } from '../deployment.js';
import type { FoundDocument } from './emitter.js';

import { pause } from '../../../async.js';
import { type CachectlError, UnreachableError, UnsupportedError } from '../../../errors.js';
import { isUnknown, translated } from '../errors.js';
import { isNotResumable } from './retry.js';

export type Change = ChangeStreamDocument<Changed>;

interface Changed extends FoundDocument {
  readonly _id: string;
}

/** Where to resume. The token of an `invalidate` works with `startAfter` only. */
interface ResumePoint {
  readonly resumeAfter?: ResumeToken;
  readonly startAfter?: ResumeToken;
}

/** Time limit for closing a stream, in milliseconds. A silent server closes it later, when the cursor is idle. */
const END_MS = 1000;

/** Not `AS_STORED`: the official driver itself compares error codes with JavaScript numbers. */
const UNPROMOTED_LONGS = { promoteLongs: false, bsonRegExp: true } as const;

/** The change stream of one collection, which can be resumed. It needs an oplog. */
export class CollectionChanges {
  readonly #connection: Connection;
  readonly #role: CollectionRole;
  readonly #looksUp: boolean;
  #stream: ChangeStream<Changed> | undefined;
  #resumePoint: ResumePoint | undefined;
  /** The first request, sent when the stream was opened. */
  #first: Promise<Change | null> | undefined;
  #heardAt = new Date();
  #isEnded = false;

  /** @param looksUp whether the server adds the current document to an update */
  constructor(connection: Connection, role: CollectionRole, looksUp: boolean) {
    this.#connection = connection;
    this.#role = role;
    this.#looksUp = looksUp;
  }

  get collection(): string {
    const { profile } = this.#connection;
    return this.#role === 'entries' ? profile.collection : profile.lockCollection;
  }

  /** When the server last answered. */
  get heardAt(): Date {
    return this.#heardAt;
  }

  /**
   * Resume after the last change. Starts from now the first time, and if the server no longer has that change.
   * @returns whether no change was missed
   * @throws UnsupportedError if the server has no change streams
   */
  async open(): Promise<boolean> {
    await this.#close();
    const resumePoint = this.#resumePoint;
    try {
      await this.#open(resumePoint ?? {});
      return resumePoint !== undefined;
    } catch (error) {
      if (resumePoint === undefined || !isNotResumable(error as CachectlError)) throw error;
      this.startOver();
      return this.open();
    }
  }

  /** The next `open` starts from now. */
  startOver(): void {
    this.#resumePoint = undefined;
  }

  /** The next change. Undefined if there was none for about a second. @throws CachectlError */
  async next(): Promise<Change | undefined> {
    const stream = this.#stream!;
    try {
      const pending = this.#first ?? stream.tryNext();
      this.#first = undefined;
      const change = await pending;
      this.#heardAt = new Date();
      // If the connection was lost during `end`, the driver may have opened another cursor.
      if (this.#isEnded) await this.#close();
      if (change?.operationType === 'invalidate') {
        // The collection was dropped. Changes of a new one with that name need a new stream.
        this.#resumePoint = { startAfter: change._id };
        if (await this.open()) return undefined;
        throw ended(this.#connection.location);
      }

      if (stream.resumeToken) this.#resumePoint = { resumeAfter: stream.resumeToken };
      if (change === null && stream.closed) throw ended(this.#connection.location);
      return change ?? undefined;
    } catch (error) {
      throw translated(error, this.#connection.location);
    }
  }

  /** Close the stream permanently. A pending request closes its own cursor. Never throws. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.close();
  }

  /** Close the stream, which can be opened again. Never throws, and does not wait for a silent server. */
  async close(): Promise<void> {
    const late = new AbortController();
    await Promise.race([this.#close(), pause(END_MS, late.signal)]);
    late.abort();
  }

  /** Close the cursor on the server. Never throws. */
  async #close(): Promise<void> {
    await this.#stream?.close().catch(() => {
      // The connection is lost anyway.
    });
  }

  async #open(resumePoint: ResumePoint): Promise<void> {
    const { timeoutMs, location } = this.#connection;
    // How long the server waits for a change. Must be less than the socket timeout.
    const maxAwaitTimeMS = Math.min(1000, Math.max(1, Math.floor(timeoutMs / 2)));
    await this.#connection.run(async (deployment) => {
      const collection = deployment[this.#role] as unknown as Collection<Changed>;
      const lookUp = this.#looksUp ? { fullDocument: 'updateLookup' } : {};
      const stream = collection.watch<Changed, Change>([], {
        ...UNPROMOTED_LONGS,
        ...lookUp,
        ...resumePoint,
        maxAwaitTimeMS,
      });
      this.#stream = stream as ChangeStream<Changed>;
      try {
        this.#first = stream.tryNext();
        await Promise.race([this.#first, isUp(stream)]);
        this.#heardAt = new Date();
        if (this.#isEnded) await this.#close();
      } catch (error) {
        await this.#close();
        if (!isUnknown(error)) throw error;
        throw new UnsupportedError(
          `${location} has no change streams, which events need`,
          'Use --source poll, or turn the server into a replica set of one: mongod --replSet rs0, then rs.initiate().',
          { cause: error },
        );
      }
    });
  }
}

/** With most servers, the answer to the opening has a resume token. From then on, no change is missed. */
async function isUp(stream: ChangeStream<Changed, Change>): Promise<void> {
  await new Promise((resolve) => {
    stream.once('resumeTokenChanged', resolve);
  });
}

function ended(location: string): CachectlError {
  return new UnreachableError(`${location} closed the change stream`, 'Run the command again.');
}
