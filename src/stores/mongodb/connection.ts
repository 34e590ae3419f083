import type { AbstractCursor, Document, MongoClient } from 'mongodb';

import { MongoServerSelectionError } from 'mongodb';

import type { MongodbProfile } from '../../profiles/profile.js';
import type { Tunnel } from '../network/tunnel.js';
import type { Answers, Deployment, EntryDocument, LockDocument, WaiterDocument } from './deployment.js';

import { withTimeout } from '../../async.js';
import { isPassing, UnansweredError } from '../../errors.js';
import { maskUrl } from '../../profiles/mask.js';
import { noAnswer } from '../network/errors.js';
import { clientOf, connect } from './client.js';
import { ServerClock } from './clock.js';
import { WAITERS } from './deployment.js';
import { isUnknown, translated } from './errors.js';

/** Connects on first use. Errors name the deployment. */
export class Connection {
  /** For messages, without a password. */
  readonly location: string;
  readonly profile: MongodbProfile;
  readonly timeoutMs: number;
  readonly tunnel: Tunnel | undefined;
  #opened: Promise<Opened> | undefined;

  /** @param tunnel undefined: connect directly */
  constructor(profile: MongodbProfile, timeoutMs: number, tunnel?: Tunnel) {
    this.tunnel = tunnel;
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
      throw await this.#explained(error);
    }
  }

  /**
   * Stream the results of `work`. There is no time limit for the whole stream, but one for each answer, so cursors have
   * to be read with `answers`.
   */
  async *stream<T>(work: (deployment: Deployment, answers: Answers) => AsyncIterable<T>): AsyncGenerator<T> {
    try {
      this.#opened ??= this.#connect();
      const { deployment, keepTime } = await this.#opened;
      await this.#inTime(keepTime());
      yield* work(deployment, (cursor) => this.#answers(cursor));
    } catch (error) {
      throw await this.#explained(error);
    }
  }

  /** ssh knows better why a connection through a tunnel was lost. */
  async #explained(error: unknown): Promise<unknown> {
    const known = translated(error, this.location);
    return this.tunnel !== undefined && isPassing(known) ? this.tunnel.explained(known, hostsOf(this.profile)) : known;
  }

  async close(): Promise<void> {
    await closed(this.#opened);
  }

  /**
   * Discard the client, so that the next request opens a new one. A client that finds no server may never find one
   * again: if a socket closes just as the driver writes a heartbeat to it, that heartbeat neither fails nor is
   * repeated.
   */
  async #forget(opened: Promise<Opened>): Promise<void> {
    if (this.#opened !== opened) return;
    this.#opened = undefined;
    await closed(opened);
  }

  async #connect(): Promise<Opened> {
    const client = clientOf(this.profile, this, await this.tunnel?.ready());
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
      // The next request tries again.
      this.#opened = undefined;
      await client.close();
      throw await this.#explained(error);
    }
  }

  /** The official driver's timeout is for silence only. It does not limit an answer that trickles in. */
  async *#answers<T>(cursor: AbstractCursor<T>): AsyncGenerator<T> {
    let isAnswered = true;
    try {
      for (;;) {
        isAnswered = false;
        const hasNext = await this.#inTime(cursor.hasNext());
        isAnswered = true;
        if (!hasNext) return;
        // In small batches: deserializing all large documents at once would double the memory.
        while (cursor.bufferedCount() > 0) yield* cursor.readBufferedDocuments(AT_ONCE);
      }
    } finally {
      const closed = cursor.close().catch(() => {
        // The error is known already, or the connection is closing.
      });
      // Closing a cursor waits for an outstanding answer, which may never arrive.
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

/** Documents to deserialize at a time. */
const AT_ONCE = 16;

/** Never throws. */
async function closed(opening: Promise<Opened> | undefined): Promise<void> {
  const opened = await opening?.catch(() => {
    // The request that opened it has reported the error.
  });
  await opened?.client.close().catch(() => {
    // The connection is lost anyway.
  });
}

interface Opened {
  readonly client: MongoClient;
  /** Reads the server's clock again if it is stale. */
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

/** `db1,db2:27018`, as in the URL. */
export function hostsOf({ url }: Pick<MongodbProfile, 'url'>): string {
  return /^[^:]+:\/\/(?:.*@)?([^/?]*)/.exec(maskUrl(url))?.[1] ?? '';
}
