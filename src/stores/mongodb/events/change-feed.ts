import type { EventsOptions } from '../../contract/events.js';
import type { MongodbContext } from '../context.js';
import type { Teller } from './emitter.js';
import type { Feed } from './sources.js';

import { type CachectlError, TimeoutError, UnreachableError } from '../../../errors.js';
import { tellChange } from './change-decoder.js';
import { type Change, CollectionChanges, type Place } from './collection-changes.js';
import { canBeWaitedOut, GrowingPause, hasLostItsPlace, pause, unlessAborted } from './retry.js';
import { STREAM } from './sources.js';

/** In milliseconds: one that has nothing to tell, and says so at once, is not asked without end. MongoDB itself waits. */
const BREATH_MS = 20;

/** In milliseconds: well over the second after which a server says that it has nothing to tell. */
const SILENCE_MS = 2500;

const PLACES: readonly Place[] = ['entries', 'locks'];

/** Events from a change stream of each collection: a stream of both would take the right to read the whole database. */
export class ChangeFeed implements Feed {
  readonly types = STREAM.types;
  readonly source: string;
  readonly #context: MongodbContext;
  readonly #options: EventsOptions;
  readonly #teller: Teller;
  readonly #followed: ReadonlyArray<{ readonly place: Place; readonly changes: CollectionChanges }>;
  #now: () => number = Date.now;
  #isLost = false;

  constructor(context: MongodbContext, options: EventsOptions, teller: Teller) {
    const { collection, lockCollection } = context.connection.profile;
    this.source = `change streams of ${collection} and ${lockCollection}: writes, deletions (also of what expired) and locks of every client; not told are hits, misses, who did it, and who waits for a lock`;
    this.#context = context;
    this.#options = options;
    this.#teller = teller;
    this.#followed = PLACES.map((place) => ({
      place,
      changes: new CollectionChanges(context.connection, place, place === 'entries' && options.tags === true),
    }));
  }

  async start(): Promise<void> {
    try {
      await this.#context.connection.run(async ({ now }) => {
        this.#now = now;
      });
      for (const { changes } of this.#followed) await changes.open();
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const ended = AbortSignal.any([signal, failed.signal]);
    const runs = await Promise.allSettled(
      this.#followed.map(async ({ place, changes }) => {
        try {
          await this.#follow(changes, ended, (change) => tellChange(place, change, this.#teller, this.#now));
        } finally {
          failed.abort();
        }
      }),
    );
    const failure = runs.find((run) => run.status === 'rejected');
    if (failure) throw failure.reason;
  }

  async #follow(changes: CollectionChanges, signal: AbortSignal, heard: (change: Change) => void): Promise<void> {
    try {
      while (!signal.aborted) {
        const asked = performance.now();
        const change = await this.#next(changes, signal);
        if (change !== undefined) heard(change);
        else if (performance.now() - asked < BREATH_MS) await pause(BREATH_MS, signal);
      }
    } finally {
      await changes.end();
    }
  }

  async #next(changes: CollectionChanges, signal: AbortSignal): Promise<Change | undefined> {
    const pending = changes.next();
    try {
      const change = await unlessAborted(pending, signal);
      return change === undefined && signal.aborted ? await this.#last(changes, pending) : change;
    } catch (error) {
      if (!signal.aborted) await this.#goOn(changes, signal, error as CachectlError);
      return undefined;
    }
  }

  /**
   * What comes at the end. A server that has nothing to tell says so every second: one that is silent for longer may be
   * gone, and has its time to answer.
   */
  async #last(changes: CollectionChanges, pending: Promise<Change | undefined>): Promise<Change | undefined> {
    const since = changes.heardAt;
    if (Date.now() - since.getTime() < SILENCE_MS) {
      pending.catch(() => {
        // Nobody listens any more.
      });
      return undefined;
    }

    const { location, timeoutMs } = this.#context.connection;
    const late = new AbortController();
    try {
      return await Promise.race([pending, silentAfter(timeoutMs, location, late.signal)]);
    } catch (error) {
      this.#tellMissed(changes, error as CachectlError, since);
      return undefined;
    } finally {
      late.abort();
    }
  }

  /** @throws the reason, where nobody can be told what was missed */
  #tellMissed(changes: CollectionChanges, why: CachectlError, since: Date): void {
    const { onMissed } = this.#options;
    if (onMissed === undefined) throw missed(why);
    onMissed({
      text: `changes of ${changes.collection} were missed: ${why.message}, from ${since.toISOString()} to ${new Date().toISOString()}`,
    });
  }

  /** The driver has tried for as long as a server may take to answer. */
  async #goOn(changes: CollectionChanges, signal: AbortSignal, why: CachectlError): Promise<void> {
    const { onMissed } = this.#options;
    if (onMissed === undefined) throw missed(why);
    const since = changes.heardAt;
    if (hasLostItsPlace(why)) changes.forgetPlace();
    else if (!canBeWaitedOut(why)) throw why;
    // Of one server that is lost both streams tell.
    if (!this.#isLost) this.#options.onLost?.(why);
    this.#isLost = true;
    const hasMissedNothing = await reopened(changes, signal);
    this.#isLost = false;
    // Ended meanwhile: what happened since is missed, too.
    if (hasMissedNothing === true) return;
    this.#tellMissed(changes, why, since);
  }

  async #close(): Promise<void> {
    await Promise.all(this.#followed.map(async ({ changes }) => changes.end()));
  }
}

async function silentAfter(milliseconds: number, location: string, signal: AbortSignal): Promise<never> {
  await pause(milliseconds, signal);
  throw new TimeoutError(`${location} did not answer in time`, 'Start it again.');
}

/** Whether nothing was missed; undefined when the signal came first. @throws CachectlError that no waiting puts right */
async function reopened(changes: CollectionChanges, signal: AbortSignal): Promise<boolean | undefined> {
  const growing = new GrowingPause();
  for (;;) {
    await growing.next(signal);
    if (signal.aborted) return undefined;
    try {
      return await unlessAborted(changes.open(), signal);
    } catch (error) {
      if (!canBeWaitedOut(error as CachectlError)) throw error;
    }
  }
}

function missed(error: CachectlError): CachectlError {
  if (!canBeWaitedOut(error) && !hasLostItsPlace(error)) return error;
  return new UnreachableError(error.message, 'Events after that were missed. Start it again.', { cause: error });
}
