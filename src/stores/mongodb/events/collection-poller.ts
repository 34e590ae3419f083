import type { Collection } from 'mongodb';

import { BSON } from 'mongodb';
import { createHash } from 'node:crypto';

import type { EventsOptions } from '../../contract/events.js';
import type { MongodbContext } from '../context.js';
import type { Deployment } from '../deployment.js';
import type { Emitter, FoundDocument } from './emitter.js';

import { Snapshot } from '../../events/snapshot.js';
import { PAGE_SIZE } from '../../listing/batches.js';
import { isLive, later } from '../expiry.js';
import { idsUnder } from '../keys.js';
import { AS_STORED } from '../values.js';
import { lifeOf, sizeOf, tagsOf } from './emitter.js';

/** A document of a poll, unvalidated. */
interface Found extends FoundDocument {
  readonly _id: unknown;
  readonly expires_at: Date;
  readonly owner?: unknown;
  readonly lock?: unknown;
}

/** One pass over a collection. */
interface Pass {
  readonly role: 'entries' | 'locks' | 'waiters';
  /** In addition to a condition on the expiry. */
  readonly filter: object;
  readonly fields: readonly string[];
  /** @param at by the server's clock, in milliseconds */
  found(document: Found, id: string, at: number): void;
  /** Called after the last document. */
  end(at: number): void;
}

/** Compares entries, locks and waiters with the last poll. The first poll emits nothing. */
export class CollectionPoller {
  readonly #context: MongodbContext;
  readonly #emitter: Emitter;
  readonly #entries = new Snapshot();
  readonly #locks = new Snapshot();
  readonly #waiters = new Snapshot();
  readonly #passes: readonly Pass[];
  #isFirst = true;

  constructor(context: MongodbContext, { everything, tags }: EventsOptions, emitter: Emitter) {
    this.#context = context;
    this.#emitter = emitter;
    const ids = idsUnder(everything === true ? '' : context.prefix);
    this.#passes = [
      this.#entryPass({ _id: ids }, tags === true ? ['tags'] : []),
      this.#lockPass({ _id: ids }),
      this.#waiterPass({ collection: context.connection.profile.lockCollection, lock: ids }),
    ];
  }

  /** Ends early if the signal is aborted. @throws CachectlError */
  async poll(signal: AbortSignal): Promise<void> {
    for (const pass of this.#passes) if (!signal.aborted) await this.#run(pass, signal);
    this.#isFirst = false;
  }

  async #run({ role, filter, fields, found, end }: Pass, signal: AbortSignal): Promise<void> {
    let at = 0;
    const documents = this.#context.connection.stream((deployment, answers) => {
      at = deployment.now();
      return answers(
        collectionOf(deployment, role)
          .find({ ...filter, expires_at: later(at) }, AS_STORED)
          .project<Found>(Object.fromEntries(['expires_at', ...fields].map((field) => [field, 1])))
          // With an index on the expiry, an entry that is touched during the pass could be skipped.
          .sort({ _id: 1 })
          .batchSize(PAGE_SIZE),
      );
    });
    this.#snapshotOf(role).begin();
    for await (const document of documents) {
      if (signal.aborted) return;
      // The filter also matches an array of dates.
      if (typeof document._id === 'string' && isLive(document.expires_at, at)) found(document, document._id, at);
    }

    end(at);
  }

  #snapshotOf(role: Pass['role']): Snapshot {
    return { entries: this.#entries, locks: this.#locks, waiters: this.#waiters }[role];
  }

  /** A new expiry of the same value is a touch, which is no event. */
  #entryPass(filter: object, more: readonly string[]): Pass {
    return {
      role: 'entries',
      filter,
      fields: ['value', ...more],
      found: (document, id, at) => {
        const seen = { id, hash: hashOf(document.value), expires: document.expires_at };
        if (this.#entries.update(seen) === 'same' || this.#isFirst) return;
        this.#emitter.emit('KeyWritten', id, () => ({
          time: new Date(),
          ...lifeOf(document, at),
          ...sizeOf(document),
          ...tagsOf(document),
        }));
      },
      end: (at) => {
        this.#entries.removeUnseen((id, expires) =>
          this.#emitter.emit(expires <= at ? 'KeyExpired' : 'KeyForgotten', id, () => ({ time: new Date() })),
        );
      },
    };
  }

  #lockPass(filter: object): Pass {
    return {
      role: 'locks',
      filter,
      fields: ['owner'],
      found: (document, id, at) => {
        const before = this.#locks.expiryOf(id);
        const seen = { id, hash: hashOf(document.owner), expires: document.expires_at };
        if (this.#locks.update(seen) === 'same' || this.#isFirst) return;
        if (before !== undefined) this.#emitLockEnd(id, before, at);
        this.#emitter.emit('LockAcquired', id, () => ({ time: new Date(), ...lifeOf(document, at) }));
      },
      end: (at) => this.#locks.removeUnseen((id, expires) => this.#emitLockEnd(id, expires, at)),
    };
  }

  #emitLockEnd(id: string, expires: number, at: number): void {
    this.#emitter.emit(expires <= at ? 'KeyExpired' : 'LockReleased', id, () => ({ time: new Date() }));
  }

  /** A new waiter is an event; one that ends is not. */
  #waiterPass(filter: object): Pass {
    return {
      role: 'waiters',
      filter,
      fields: ['lock'],
      found: ({ lock, expires_at }, id) => {
        if (this.#waiters.update({ id, hash: '', expires: expires_at }) !== 'new' || this.#isFirst) return;
        if (typeof lock === 'string') this.#emitter.emit('LockContended', lock, () => ({ time: new Date() }));
      },
      end: () => this.#waiters.removeUnseen(() => {}),
    };
  }
}

function collectionOf(deployment: Deployment, role: Pass['role']): Collection<{ expires_at: Date }> {
  return deployment[role] as unknown as Collection<{ expires_at: Date }>;
}

/** A hash of a field and its BSON type: 132 bits. */
function hashOf(field: unknown): string {
  return createHash('sha256').update(BSON.serialize({ field })).digest('base64').slice(0, 22);
}
