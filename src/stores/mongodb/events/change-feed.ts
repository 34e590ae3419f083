import type { EventsOptions } from '../../contract/events.js';
import type { Feed, Session } from '../../events/resuming-tail.js';
import type { Connection } from '../connection.js';
import type { CollectionRole } from '../deployment.js';

import { pause, unlessAborted, withTimeout } from '../../../async.js';
import { type CachectlError, TimeoutError, UnreachableError } from '../../../errors.js';
import { type Change, CollectionChanges } from './collection-changes.js';
import { isNotResumable, isTransient } from './retry.js';

/** In milliseconds. MongoDB waits for changes. This keeps a server that answers at once from causing a busy loop. */
const IDLE_PAUSE_MS = 20;

/** In milliseconds. Without changes, a server answers after about a second. */
const SILENCE_MS = 2500;

/** The change stream of one collection. A stream of all would need permission to read the whole database. */
export class ChangeFeed implements Feed {
  readonly subject: string;
  readonly server: string;
  readonly #connection: Connection;
  readonly #options: EventsOptions;
  readonly #decode: (change: Change) => void;
  readonly #changes: CollectionChanges;

  constructor(connection: Connection, role: CollectionRole, options: EventsOptions, decode: (change: Change) => void) {
    this.#connection = connection;
    this.#options = options;
    this.#decode = decode;
    this.#changes = new CollectionChanges(connection, role, role === 'entries' && options.tags === true);
    this.server = connection.location;
    this.subject = `changes of ${this.#changes.collection}`;
  }

  async open(signal: AbortSignal): Promise<Session> {
    const isGapless = await unlessAborted(this.#changes.open(), signal);
    const changes = this.#changes;
    return {
      get heardAt() {
        return changes.heardAt;
      },
      isGapless: isGapless === true,
      run: async (ended) => this.#run(ended),
    };
  }

  isTransient(error: CachectlError): boolean {
    return isTransient(error) || isNotResumable(error);
  }

  async #run(signal: AbortSignal): Promise<CachectlError | undefined> {
    let lost: CachectlError | undefined;
    try {
      while (!signal.aborted) {
        const askedAt = performance.now();
        const change = await this.#next(signal);
        if (change !== undefined) this.#decode(change);
        else if (performance.now() - askedAt < IDLE_PAUSE_MS) await pause(IDLE_PAUSE_MS, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw await this.#lost(error as CachectlError);
      lost = error as CachectlError;
    }

    await this.#changes.end();
    return lost;
  }

  async #lost(error: CachectlError): Promise<CachectlError> {
    await this.#changes.close();
    if (isNotResumable(error)) this.#changes.startOver();
    if (this.#options.onMissed !== undefined || !this.isTransient(error)) return error;
    return new UnreachableError(error.message, 'Later events were missed. Run the command again.', { cause: error });
  }

  async #next(signal: AbortSignal): Promise<Change | undefined> {
    const pending = this.#changes.next();
    const change = await unlessAborted(pending, signal);
    return change === undefined && signal.aborted ? this.#last(pending) : change;
  }

  /**
   * If the server has been silent for longer than usual, wait for its answer before ending.
   * @throws CachectlError if the server is gone
   */
  async #last(pending: Promise<Change | undefined>): Promise<Change | undefined> {
    pending.catch(() => {
      // The tail has ended.
    });
    if (Date.now() - this.#changes.heardAt.getTime() < SILENCE_MS) return undefined;
    const { location, timeoutMs } = this.#connection;
    const late = (): Error => new TimeoutError(`${location} did not answer in time`, 'Run the command again.');
    return withTimeout(pending, timeoutMs, late);
  }
}
