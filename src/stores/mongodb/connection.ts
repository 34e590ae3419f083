import type { AbstractCursor, Document, MongoClient } from 'mongodb';

import { MongoServerSelectionError } from 'mongodb';

import type { MongodbProfile } from '../../profiles/profile.js';
import type { Answers, Deployment, EntryDocument, LockDocument, WaiterDocument } from './deployment.js';

import { withTimeout } from '../../async.js';
import { UnansweredError } from '../../errors.js';
import { maskUrl } from '../../profiles/mask.js';
import { noAnswer } from '../network/errors.js';
import { clientOf, connect } from './client.js';
import { ServerClock } from './clock.js';
import { WAITERS } from './deployment.js';
import { isUnknown, translated } from './errors.js';

/** Made on first use. Every failure comes out as an error that names the deployment. */
export class Connection {
  /** For people; without a password. */
  readonly location: string;
  readonly profile: MongodbProfile;
  readonly timeoutMs: number;
  #opened: Promise<Opened> | undefined;

  constructor(profile: MongodbProfile, timeoutMs: number) {
    this.profile = profile;
    this.timeoutMs = timeoutMs;
    this.location = locationOf(profile);
  }

  /** @throws CachectlError */
  async run<T>(work: (deployment: Deployment) => Promise<T>): Promise<T> {
    this.#opened ??= this.#connect();
    const opened = this.#opened;
    try {
      const { deployment, keepTime } = await opened;
      await this.#inTime(keepTime());
      return await this.#inTime(work(deployment));
    } catch (error) {
      if (error instanceof MongoServerSelectionError) await this.#forget(opened);
      throw translated(error, this.location);
    }
  }

  /**
   * What `work` yields, with its failures named; not bounded in time as a whole, but each answer is: what a cursor gives
   * has to go through `answers`.
   */
  async *stream<T>(work: (deployment: Deployment, answers: Answers) => AsyncIterable<T>): AsyncGenerator<T> {
    try {
      this.#opened ??= this.#connect();
      const { deployment, keepTime } = await this.#opened;
      await this.#inTime(keepTime());
      yield* work(deployment, (cursor) => this.#answers(cursor));
    } catch (error) {
      throw translated(error, this.location);
    }
  }

  async close(): Promise<void> {
    await closed(this.#opened);
  }

  /**
   * The next question opens it anew. A client that finds no server may never find one again: the driver's look at it
   * that is written to a socket in the moment in which that one ends has no answer, no failure and no successor.
   */
  async #forget(opened: Promise<Opened>): Promise<void> {
    if (this.#opened !== opened) return;
    this.#opened = undefined;
    await closed(opened);
  }

  async #connect(): Promise<Opened> {
    const client = clientOf(this.profile, this.timeoutMs, this.location);
    try {
      await this.#inTime(connect(client, this.location));
      const database = client.db(this.profile.database);
      const clock = new ServerClock();
      const localTime = async (): Promise<unknown> => (await hello(client)).localTime as unknown;
      await this.#inTime(clock.measure(localTime));
      return {
        client,
        keepTime: async () => (clock.isStale ? clock.measure(localTime) : undefined),
        deployment: {
          entries: database.collection<EntryDocument>(this.profile.collection),
          locks: database.collection<LockDocument>(this.profile.lockCollection),
          waiters: database.collection<WaiterDocument>(WAITERS),
          now: clock.now,
          command: async (about, command) => (about === 'database' ? database : client.db('admin')).command(command),
          hello: async () => hello(client),
        },
      };
    } catch (error) {
      // Whoever asks next tries again.
      this.#opened = undefined;
      await client.close();
      throw error;
    }
  }

  /** The driver's own time-out is of silence: an answer that drips has none. */
  async *#answers<T>(cursor: AbstractCursor<T>): AsyncGenerator<T> {
    let isAnswered = true;
    try {
      for (;;) {
        isAnswered = false;
        const hasNext = await this.#inTime(cursor.hasNext());
        isAnswered = true;
        if (!hasNext) return;
        // Not all at once: of large documents that would be as much again as the answer itself.
        while (cursor.bufferedCount() > 0) yield* cursor.readBufferedDocuments(AT_ONCE);
      }
    } finally {
      const closed = cursor.close().catch(() => {
        // What keeps it from closing has been told, or ends with the connection.
      });
      // It waits for an answer that may never come whole.
      if (isAnswered) await closed;
    }
  }

  /** The driver has timeouts for a lookup, a socket and an answer, but none for all of them together. */
  async #inTime<T>(work: Promise<T>): Promise<T> {
    return withTimeout(
      work,
      this.timeoutMs + 500,
      () => new UnansweredError(`${this.location} ${noAnswer.what}`, noAnswer.hint),
    );
  }
}

/** Documents that are made of an answer's bytes at a time. */
const AT_ONCE = 16;

/** Never throws. */
async function closed(opening: Promise<Opened> | undefined): Promise<void> {
  const opened = await opening?.catch(() => {
    // Whoever opened it was told.
  });
  await opened?.client.close().catch(() => {
    // It is gone, then.
  });
}

interface Opened {
  readonly client: MongoClient;
  /** Asks for the server's time again when that is due. */
  keepTime(): Promise<void>;
  readonly deployment: Deployment;
}

async function hello(client: MongoClient): Promise<Document> {
  const admin = client.db('admin');
  try {
    return await admin.command({ hello: 1 });
  } catch (error) {
    if (!isUnknown(error)) throw error;
    return admin.command({ isMaster: 1 });
  }
}

/** `mongodb db1,db2, database reports`. */
function locationOf(profile: MongodbProfile): string {
  return `mongodb ${hostsOf(profile)}, database ${profile.database}`;
}

/** `db1,db2:27018`, as the URL names them. */
export function hostsOf({ url }: Pick<MongodbProfile, 'url'>): string {
  return /^[^:]+:\/\/(?:.*@)?([^/?]*)/.exec(maskUrl(url))?.[1] ?? '';
}
