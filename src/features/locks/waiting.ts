import type { LockHolder, Store } from '../../stores/contract/store.js';
import type { WaitOptions } from '../../stores/locks/wait.js';

import { toFailure } from '../../runtime/report-error.js';
import { formatDuration } from '../../terminal/durations.js';
import { notesReachAPerson, warn } from '../../terminal/output.js';
import { StatusLine } from '../../terminal/status-line.js';
import { obeysEscapes } from '../../terminal/style.js';
import { heldByText } from './text.js';

const REDRAW_MS = 1000;

/**
 * Run `acquire`, which may wait, and report the holder: at once, and at a terminal with the elapsed time. Outages of
 * the store are survived and reported.
 * @param what the name of the lock
 * @param isLogged whether to report it without a terminal, too
 */
export async function whileWaiting<T>(
  { store, what, isLogged = true }: { store: Pick<Store, 'reconnect'>; what: string; isLogged?: boolean },
  acquire: (callbacks: Pick<WaitOptions, 'onHolder' | 'onLost' | 'reconnect'>) => Promise<T>,
): Promise<T> {
  const notice = new WaitingNotice(what, isLogged);
  try {
    return await acquire({
      reconnect: async () => store.reconnect?.(),
      onLost(why) {
        notice.clear();
        warn(`${toFailure(why).message}; retrying until the wait ends`);
      },
      onHolder: (holder) => notice.show(holder),
    });
  } finally {
    notice.end();
  }
}

class WaitingNotice {
  readonly #what: string;
  readonly #isLogged: boolean;
  readonly #line = new StatusLine();
  readonly #startedAt = performance.now();
  #holder: LockHolder | undefined;
  /** As performance.now(). */
  #shownAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #wasShown = false;

  constructor(what: string, isLogged: boolean) {
    this.#what = what;
    this.#isLogged = isLogged;
  }

  show(holder: LockHolder | undefined): void {
    if (holder === undefined) return;
    this.#holder = holder;
    this.#shownAt = performance.now();
    if (notesReachAPerson() && obeysEscapes()) {
      this.#draw();
      this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS);
    } else if (this.#isLogged && !this.#wasShown) warn(this.#text(holder));
    this.#wasShown = true;
  }

  clear(): void {
    this.#line.clear();
  }

  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const { ttl, owner } = this.#holder!;
    const left = typeof ttl === 'number' ? Math.max(0, ttl - secondsSince(this.#shownAt)) : ttl;
    const waited = formatDuration(secondsSince(this.#startedAt));
    this.#line.draw(`${waited} ${this.#text({ owner, ttl: left })}`);
  }

  #text(holder: LockHolder): string {
    return `waiting for ${this.#what}: ${heldByText(holder)}`;
  }
}

function secondsSince(at: number): number {
  return (performance.now() - at) / 1000;
}
