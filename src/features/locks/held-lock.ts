import type { Lock, Store } from '../../stores/contract/store.js';

import { deferred } from '../../async.js';
import { FATAL_SIGNALS } from '../../runtime/child/signals.js';

/** What a holder needs to keep a lock, and to give it back. */
export interface Holding {
  readonly owner: string;
  /** Seconds. */
  readonly ttl: number;
  /** A store with a connection of its own, for when the one at hand is lost. */
  openStore(): Promise<Store>;
  lockOf(store: Store): Lock;
}

/** A lock that was just acquired. */
export interface Acquired {
  readonly lock: Lock;
  /** When the server was asked, by performance.now(). */
  readonly at: number;
}

/**
 * A lock that is refreshed until it is given back. It is lost when somebody else has it or it is gone, and also when the
 * server was silent for as long as it lives: by then it may be anybody's. Times are of a clock that no one sets. While it is
 * held no signal ends this process: those who run a command hand signals on.
 */
export class HeldLock {
  /** Resolves, with the reason, when the lock is lost; never, when it is not. */
  readonly lost: Promise<string>;
  readonly #holding: Holding;
  readonly #lose: (reason: string) => void;
  #store: Store | undefined;
  #lock: Lock;
  /** When the server ends it, at the latest, if it hears no more of us. */
  #expiresAt: number;
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> = Promise.resolve();
  #isOver = false;
  /** Stores that count in whole seconds end a lock up to a second early. */
  readonly #marginMs: number;

  /** @param store where it was acquired just now; closed with the lock */
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

  /** False when it was not ours any more. @throws what kept the server from answering */
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

  /** A third of its life leaves time for two failures. */
  #schedule(): void {
    const pause = Math.min((this.#holding.ttl * 1000) / 3, this.#heldUntil - performance.now());
    this.#timer = setTimeout(
      () => {
        this.#refreshing = this.#refresh();
      },
      Math.max(pause, LEAST_PAUSE_MS),
    );
  }

  async #refresh(): Promise<void> {
    const askedAt = performance.now();
    const isAnswered = this.#loseWithoutAnswer(this.#expiresAt - askedAt);
    let failure: Error | undefined;
    try {
      const lock = await this.#connected();
      if (!(await lock.refresh(this.#holding.owner, this.#holding.ttl))) {
        this.#lose('it expired, or somebody broke it');
        return;
      }

      this.#expiresAt = askedAt + this.#holding.ttl * 1000;
    } catch (error) {
      failure = error as Error;
      await this.#store?.close();
      this.#store = undefined;
    } finally {
      isAnswered();
    }

    if (failure !== undefined && performance.now() >= this.#heldUntil) {
      this.#lose(`${NOT_REFRESHED}: ${failure.message}`);
    } else if (!this.#isOver) this.#schedule();
  }

  /**
   * Not of a lock whose life is over already because we were suspended: what became of it the server tells. An answer that came
   * while we were suspended is read first.
   * @returns what keeps it from happening
   */
  #loseWithoutAnswer(milliseconds: number): () => void {
    if (milliseconds <= 0) return () => {};
    let timer = setTimeout(() => {
      timer = setTimeout(() => {
        if (!this.#isOver) this.#lose(`${NOT_REFRESHED}: there was no answer`);
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

    return this.#lock;
  }
}

const READ_FIRST_MS = 100;

/** Between two refreshes. */
const LEAST_PAUSE_MS = 20;

const NOT_REFRESHED = 'it could not be refreshed for as long as it lives';

function ignore(): void {
  // Giving back takes no longer than the store may take to answer.
}
