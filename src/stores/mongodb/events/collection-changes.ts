import type { ChangeStream, ChangeStreamDocument, Collection, ResumeToken } from 'mongodb';

import type { Connection } from '../connection.js';
import type { FoundDocument } from './emitter.js';

import { pause } from '../../../async.js';
import { type CachectlError, UnreachableError, UnsupportedError } from '../../../errors.js';
import { isUnknown, translated } from '../errors.js';
import { hasLostItsPlace } from './retry.js';

/** The collections that changes are told of. */
export type Place = 'entries' | 'locks';

export type Change = ChangeStreamDocument<Changed>;

interface Changed extends FoundDocument {
  readonly _id: string;
}

/** Behind which change to go on; the token of an `invalidate` is good for `startAfter` alone. */
interface Behind {
  readonly resumeAfter?: ResumeToken;
  readonly startAfter?: ResumeToken;
}

/** How long a server may take to end it, in milliseconds; one that is silent does it when nobody has asked for long. */
const END_MS = 1000;

/**
 * As the driver's own look at codes of errors takes numbers for granted, no more than this is kept from becoming
 * JavaScript's.
 */
const AS_TOLD = { promoteLongs: false, bsonRegExp: true } as const;

/** The change stream of one collection, which can be opened again where it was. It comes from the oplog, so there must be one. */
export class CollectionChanges {
  readonly #connection: Connection;
  readonly #place: Place;
  readonly #looksUp: boolean;
  #stream: ChangeStream<Changed> | undefined;
  #behind: Behind | undefined;
  /** What the server was asked when it was opened. */
  #first: Promise<Change | null> | undefined;
  #heardAt = new Date();
  #isEnded = false;

  /** With `looksUp` the server adds to an update the document as it is by then. */
  constructor(connection: Connection, place: Place, looksUp: boolean) {
    this.#connection = connection;
    this.#place = place;
    this.#looksUp = looksUp;
  }

  get collection(): string {
    const { profile } = this.#connection;
    return this.#place === 'entries' ? profile.collection : profile.lockCollection;
  }

  /** When the server last answered. */
  get heardAt(): Date {
    return this.#heardAt;
  }

  /**
   * From where it was; the first time, and when the server does not know that place any more, from now on.
   * @returns whether nothing was missed
   * @throws UnsupportedError where there are no change streams
   */
  async open(): Promise<boolean> {
    await this.#close();
    const behind = this.#behind;
    try {
      await this.#open(behind ?? {});
      return behind !== undefined;
    } catch (error) {
      if (behind === undefined || !hasLostItsPlace(error as CachectlError)) throw error;
      this.forgetPlace();
      return this.open();
    }
  }

  /** The next time it is opened it begins anew. */
  forgetPlace(): void {
    this.#behind = undefined;
  }

  /** Undefined when nothing came for about a second. @throws CachectlError */
  async next(): Promise<Change | undefined> {
    const stream = this.#stream!;
    try {
      const asked = this.#first ?? stream.tryNext();
      this.#first = undefined;
      const change = await asked;
      this.#heardAt = new Date();
      // Lost and found while it was being ended, the driver has opened another one.
      if (this.#isEnded) await this.#close();
      if (change?.operationType === 'invalidate') {
        // Its collection was dropped; the next one of that name is heard by another stream only.
        this.#behind = { startAfter: change._id };
        if (await this.open()) return undefined;
        throw ended(this.#connection.location);
      }

      if (stream.resumeToken) this.#behind = { resumeAfter: stream.resumeToken };
      if (change === null && stream.closed) throw ended(this.#connection.location);
      return change ?? undefined;
    } catch (error) {
      throw translated(error, this.#connection.location);
    }
  }

  /** For good: what is under way ends by itself, and leaves nothing. Never throws. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.close();
  }

  /** Closes the stream, which can be opened again. Never throws, and does not wait for a server that is silent. */
  async close(): Promise<void> {
    const late = new AbortController();
    await Promise.race([this.#close(), pause(END_MS, late.signal)]);
    late.abort();
  }

  /** Ends what the server keeps for it. Never throws. */
  async #close(): Promise<void> {
    await this.#stream?.close().catch(() => {
      // It is gone, then.
    });
  }

  async #open(behind: Behind): Promise<void> {
    const { timeoutMs, location } = this.#connection;
    // A server that has nothing to tell says so at this time at the latest; without it, after a second.
    const maxAwaitTimeMS = Math.min(1000, Math.max(1, Math.floor(timeoutMs / 2)));
    await this.#connection.run(async (deployment) => {
      const collection = deployment[this.#place] as unknown as Collection<Changed>;
      const lookUp = this.#looksUp ? { fullDocument: 'updateLookup' } : {};
      const stream = collection.watch<Changed, Change>([], { ...AS_TOLD, ...lookUp, ...behind, maxAwaitTimeMS });
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
          `${location} has no change streams, from which events are told`,
          'They need a replica set, which may have one member (mongod --replSet rs0, then rs.initiate()); --source poll does without.',
          { cause: error },
        );
      }
    });
  }
}

/** The answer to the opening has a token, with most servers: from here on nothing is missed. What is asked next waits for news. */
async function isUp(stream: ChangeStream<Changed, Change>): Promise<void> {
  await new Promise((resolve) => {
    stream.once('resumeTokenChanged', resolve);
  });
}

function ended(location: string): CachectlError {
  return new UnreachableError(`${location} ended the change stream`, 'Start it again.');
}
