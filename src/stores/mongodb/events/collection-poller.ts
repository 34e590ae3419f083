import type { Collection } from 'mongodb';

import { BSON } from 'mongodb';
import { createHash } from 'node:crypto';

import type { EventsOptions } from '../../contract/events.js';
import type { MongodbContext } from '../context.js';
import type { Deployment } from '../deployment.js';
import type { FoundDocument, Teller } from './emitter.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { isLive, later } from '../expiry.js';
import { idsUnder } from '../keys.js';
import { AS_STORED } from '../values.js';
import { lifeOf, sizeOf, tagsOf } from './emitter.js';
import { Remembered } from './poll-snapshot.js';

/** What lies there at one look, as anybody may have written it. */
interface Found extends FoundDocument {
  readonly _id: unknown;
  readonly expires_at: Date;
  readonly owner?: unknown;
  readonly lock?: unknown;
}

/** One way through a collection. */
interface Way {
  readonly place: 'entries' | 'locks' | 'waiters';
  /** Beside that it has not expired. */
  readonly filter: object;
  readonly fields: readonly string[];
  /** @param at by the server's clock, in milliseconds */
  found(document: Found, id: string, at: number): void;
  over(at: number): void;
}

/** Entries, locks and those who wait for locks, looked at again and again. The first look tells nothing. */
export class PollLooks {
  readonly #context: MongodbContext;
  readonly #teller: Teller;
  readonly #entries = new Remembered();
  readonly #locks = new Remembered();
  readonly #waiters = new Remembered();
  readonly #ways: readonly Way[];
  #isFirst = true;

  constructor(context: MongodbContext, { everything, tags }: EventsOptions, teller: Teller) {
    this.#context = context;
    this.#teller = teller;
    const ids = idsUnder(everything === true ? '' : context.prefix);
    this.#ways = [
      this.#wayOfEntries({ _id: ids }, tags === true ? ['tags'] : []),
      this.#wayOfLocks({ _id: ids }),
      this.#wayOfWaiters({ collection: context.connection.profile.lockCollection, lock: ids }),
    ];
  }

  /** Ends early when the signal comes. @throws CachectlError */
  async look(signal: AbortSignal): Promise<void> {
    for (const way of this.#ways) if (!signal.aborted) await this.#go(way, signal);
    this.#isFirst = false;
  }

  async #go({ place, filter, fields, found, over }: Way, signal: AbortSignal): Promise<void> {
    let at = 0;
    const documents = this.#context.connection.stream((deployment, answers) => {
      at = deployment.now();
      return answers(
        collectionOf(deployment, place)
          .find({ ...filter, expires_at: later(at) }, AS_STORED)
          .project<Found>(Object.fromEntries(['expires_at', ...fields].map((field) => [field, 1])))
          // By another index an entry whose expiry changes meanwhile could be passed by.
          .sort({ _id: 1 })
          .batchSize(PAGE_SIZE),
      );
    });
    this.#memoryOf(place).begin();
    for await (const document of documents) {
      if (signal.aborted) return;
      // Filters find an array of dates, too.
      if (typeof document._id === 'string' && isLive(document.expires_at, at)) found(document, document._id, at);
    }

    over(at);
  }

  #memoryOf(place: Way['place']): Remembered {
    return { entries: this.#entries, locks: this.#locks, waiters: this.#waiters }[place];
  }

  /** Another expiry of the same value is a touch, which is no event. */
  #wayOfEntries(filter: object, more: readonly string[]): Way {
    return {
      place: 'entries',
      filter,
      fields: ['value', ...more],
      found: (document, id, at) => {
        const sighting = { id, mark: markOf(document.value), expires: document.expires_at };
        if (this.#entries.saw(sighting) === 'same' || this.#isFirst) return;
        this.#teller.tell('KeyWritten', id, () => ({
          time: new Date(),
          ...lifeOf(document, at),
          ...sizeOf(document),
          ...tagsOf(document),
        }));
      },
      over: (at) => {
        this.#entries.forgetUnseen((id, expires) =>
          this.#teller.tell(expires <= at ? 'KeyExpired' : 'KeyForgotten', id, () => ({ time: new Date() })),
        );
      },
    };
  }

  #wayOfLocks(filter: object): Way {
    return {
      place: 'locks',
      filter,
      fields: ['owner'],
      found: (document, id, at) => {
        const before = this.#locks.expiryOf(id);
        const sighting = { id, mark: markOf(document.owner), expires: document.expires_at };
        const difference = this.#locks.saw(sighting);
        if (difference === 'same' || this.#isFirst) return;
        if (before !== undefined) this.#tellLockOver(id, before, at);
        this.#teller.tell('LockAcquired', id, () => ({ time: new Date(), ...lifeOf(document, at) }));
      },
      over: (at) => this.#locks.forgetUnseen((id, expires) => this.#tellLockOver(id, expires, at)),
    };
  }

  #tellLockOver(id: string, expires: number, at: number): void {
    this.#teller.tell(expires <= at ? 'KeyExpired' : 'LockReleased', id, () => ({ time: new Date() }));
  }

  /** They are heard of when they begin to wait. */
  #wayOfWaiters(filter: object): Way {
    return {
      place: 'waiters',
      filter,
      fields: ['lock'],
      found: ({ lock, expires_at }, id) => {
        if (this.#waiters.saw({ id, mark: '', expires: expires_at }) !== 'new' || this.#isFirst) return;
        if (typeof lock === 'string') this.#teller.tell('LockContended', lock, () => ({ time: new Date() }));
      },
      over: () =>
        this.#waiters.forgetUnseen(() => {
          // One who waits no more is no event.
        }),
    };
  }
}

function collectionOf(deployment: Deployment, place: Way['place']): Collection<{ expires_at: Date }> {
  return deployment[place] as unknown as Collection<{ expires_at: Date }>;
}

/** Of a field, type and all: 132 bits, whatever its length. */
function markOf(field: unknown): string {
  return createHash('sha256').update(BSON.serialize({ field })).digest('base64').slice(0, 22);
}
