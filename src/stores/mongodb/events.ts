import type { ChangeStream, ChangeStreamDocument } from 'mongodb';

import type { CacheEvent, EventsOptions, EventStream, EventType } from '../event-contract.js';
import type { EntryDocument } from './connection.js';
import type { Room } from './entries.js';

import { type CachectlError, TimeoutError, UnreachableError, UnsupportedError } from '../../errors.js';
import { isUnknown, translated } from './errors.js';

/** What change streams can tell. A document that the TTL index removes is deleted like any other. */
export const EVENTS: readonly EventType[] = ['KeyWritten', 'KeyForgotten'];

/** Events from a change stream of the entries' collection; they come from the oplog, so there must be one. */
export async function tail(room: Room, { signal }: EventsOptions): Promise<Tail> {
  signal.throwIfAborted();
  const { connection } = room;
  const stream = await connection.run(async ({ entries }) => {
    // A server that has nothing to tell says so at this time at the latest; without it, after a second.
    const maxAwaitTimeMS = Math.min(1000, Math.max(1, Math.floor(connection.timeoutMs / 2)));
    const opened = entries.watch<EntryDocument>([], { fullDocument: 'updateLookup', maxAwaitTimeMS });
    try {
      // Asks the server, which answers at once: from here on nothing is missed.
      await opened.tryNext();
      return opened;
    } catch (error) {
      await opened.close();
      if (!isUnknown(error)) throw error;
      throw new UnsupportedError(
        `${connection.location} has no change streams, from which events are told`,
        'They need a replica set, which may have one member: mongod --replSet rs0, then rs.initiate().',
        { cause: error },
      );
    }
  });
  const tailing = new Tail(stream, room);
  signal.addEventListener('abort', async () => tailing.stop(), { once: true });
  if (signal.aborted) await tailing.stop();
  return tailing;
}

export class Tail implements EventStream {
  readonly source =
    'change stream: writes and deletions of every client; hits, misses and what ended an entry are not told';
  readonly types = EVENTS;
  readonly #stream: ChangeStream<EntryDocument, ChangeStreamDocument<EntryDocument>>;
  readonly #room: Room;
  #stopped: Promise<void> | undefined;

  constructor(stream: ChangeStream<EntryDocument, ChangeStreamDocument<EntryDocument>>, room: Room) {
    this.#stream = stream;
    this.#room = room;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CacheEvent> {
    try {
      for await (const change of this.#stream) {
        const event = eventOf(change, this.#room.prefix);
        if (event !== undefined) yield event;
      }
    } catch (error) {
      if (this.#stopped === undefined) throw missed(translated(error, this.#room.connection.location));
    } finally {
      await this.stop();
    }
  }

  /** Never throws. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stream.close().catch(() => {
      // It is gone, then.
    });
    return this.#stopped;
  }
}

/** The driver goes on by itself where it finds a server in time: then nothing was missed. */
function missed(error: CachectlError): CachectlError {
  if (!(error instanceof UnreachableError) && !(error instanceof TimeoutError)) return error;
  return new UnreachableError(error.message, 'Events after that were missed. Start it again.', { cause: error });
}

function eventOf(change: ChangeStreamDocument<EntryDocument>, prefix: string): CacheEvent | undefined {
  const type = typeOf(change);
  if (type === undefined) return undefined;
  const id = idOf(change);
  if (id === undefined || !id.startsWith(prefix)) return undefined;
  return { time: timeOf(change), type, key: id.slice(prefix.length) };
}

function typeOf(change: ChangeStreamDocument<EntryDocument>): EventType | undefined {
  switch (change.operationType) {
    case 'delete': {
      return 'KeyForgotten';
    }

    case 'insert':
    case 'replace': {
      return 'KeyWritten';
    }

    case 'update': {
      return isTouch(change.updateDescription) ? undefined : 'KeyWritten';
    }

    default: {
      return undefined;
    }
  }
}

/** Another ttl for the same value is no event of a cache. */
function isTouch(description: { readonly updatedFields?: object | undefined } | undefined): boolean {
  const fields = Object.keys(description?.updatedFields ?? {});
  return fields.length === 1 && fields[0] === 'expires_at';
}

function idOf(change: ChangeStreamDocument<EntryDocument>): string | undefined {
  const full = 'fullDocument' in change ? change.fullDocument?._id : undefined;
  const id: unknown = full ?? ('documentKey' in change ? change.documentKey?._id : undefined);
  return typeof id === 'string' ? id : undefined;
}

/** Servers before 6.0 tell no time of day. */
function timeOf(change: ChangeStreamDocument<EntryDocument>): Date {
  return 'wallTime' in change && change.wallTime instanceof Date ? change.wallTime : new Date();
}
