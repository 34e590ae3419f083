import type { Lock, Store } from '../../stores/contract/store.js';

import { deferred } from '../../async.js';
import { FATAL_SIGNALS } from '../../runtime/child/signals.js';

/** What is needed to renew and release a lock. */
export interface Holding {
  readonly owner: string;
  /** In seconds. */
  readonly ttl: number;
  /** Open another store, in case the connection is lost. */
  openStore(): Promise<Store>;
  lockOf(store: Store): Lock;
}

/** A lock that was just acquired. */
export interface Acquired {
  readonly lock: Lock;
  /** When the request was sent, as performance.now(). */
  readonly at: number;
}

/**
 * A lock that is renewed until it is released. It is lost if it is gone, if someone else holds it, or if it could not
 * be renewed before the TTL ends, because then anyone may hold it. Times are from a monotonic clock. While it is held,
 * signals do not end this process; they are forwarded to the command.
 */
export class HeldLock {
  /** Resolves with the reason if the lock is lost. */
  readonly lost: Promise<string>;
  readonly #holding: Holding;
  readonly #lose: (reason: string) => void;
  #store: Store | undefined;
  #lock: Lock;
  /** When the TTL ends at the latest, unless it is renewed. */
  #expiresAt: number;
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> = Promise.resolve();
  #isOver = false;
  /** Stores that count whole seconds end a lock up to a second early. */
  readonly #marginMs: number;

  /** @param store the store on which it was acquired; closed on release */
  constructor(store: Store, holding: Holding, { lock, at }: Acquired) {
    const { promise, resolve } = deferred<string>();
    this.lost = promise;
    this.#lose = resolve;
    this.#holding = holding;
    this.#store = store;
    this.#lock = lock;
    this.#expiresAt = at + holding.ttl * 1000;
    const isExact = store.traits.lockMilliseconds === true;
    this.#marginMs = isExact ? Math.min(1000, (holding.ttl * 1000) / 3) : 1000;
    for (const signal of FATAL_SIGNALS) process.on(signal, ignore);
    this.#schedule();
  }

  /** False if the lock was not held any more. @throws if the store cannot be reached */
  async release(): Promise<boolean> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#refreshing;
    try {
      const lock = await this.#connected();
      return await lock.release(this.#holding.owner);
    } finally {
      await this.#store?.close();
      for (const signal of FATAL_SIGNALS) process.off(signal, ignore);
    }
  }

  /** Renewing after a third of the TTL leaves time for two failures. */
  #schedule(): void {
    const pause = Math.min((this.#holding.ttl * 1000) / 3, this.#heldUntil - performance.now());
    this.#timer = setTimeout(
      () => {
        this.#refreshing = this.#refresh();
      },
      Math.max(pause, MIN_PAUSE_MS),
    );
  }

  async #refresh(): Promise<void> {
    const askedAt = performance.now();
    const cancelLoss = this.#loseUnlessAnswered(this.#expiresAt - askedAt);
    let failure: Error | undefined;
    try {
      const lock = await this.#connected();
      if (!(await lock.refresh(this.#holding.owner, this.#holding.ttl))) {
        this.#lose('it expired or was broken');
        return;
      }

      this.#expiresAt = askedAt + this.#holding.ttl * 1000;
    } catch (error) {
      failure = error as Error;
      await this.#store?.close();
      this.#store = undefined;
    } finally {
      cancelLoss();
    }

    if (failure !== undefined && performance.now() >= this.#heldUntil) {
      this.#lose(`${NOT_RENEWED}: ${failure.message}`);
    } else if (!this.#isOver) this.#schedule();
  }

  /**
   * Lose the lock if no reply comes in time. Not if the TTL had already ended because this process was suspended; then
   * the server's reply decides. A reply that arrived during a suspension is read first.
   * @returns a function that cancels it
   */
  #loseUnlessAnswered(milliseconds: number): () => void {
    if (milliseconds <= 0) return () => {};
    let timer = setTimeout(() => {
      timer = setTimeout(() => {
        if (!this.#isOver) this.#lose(`${NOT_RENEWED}: no answer from the store`);
      }, READ_FIRST_MS);
    }, milliseconds);
    return () => clearTimeout(timer);
  }

  get #heldUntil(): number {
    return this.#expiresAt - this.#marginMs;
  }

  async #connected(): Promise<Lock> {
    if (this.#store === undefined) {
      this.#store = await this.#holding.openStore();
      this.#lock = this.#holding.lockOf(this.#store);
    }

    // Idle since the last renewal.
    await this.#store.reconnect?.({ onlyClosed: true });

    return this.#lock;
  }
}

const READ_FIRST_MS = 100;

/** The minimum time between two renewals, in milliseconds. */
const MIN_PAUSE_MS = 20;

const NOT_RENEWED = 'it could not be renewed before its TTL ended';

function ignore(): void {
  // Releasing takes no longer than the timeout of the store.
}
