import type { Waiting } from '../../contract/locks.js';
import type { Connection } from '../connection.js';
import type { Listener } from '../session.js';

import { Bell } from '../../locks/bell.js';
import { MAX_PAUSE } from '../../locks/wait.js';

/** Waits for a release. Notifications announce cachectl's own, if the server has them. Polling detects all others. */
export class SqlWaiting implements Waiting {
  readonly longestPause = MAX_PAUSE;
  readonly #bell = new Bell();
  readonly #listening: Promise<Listener | undefined>;
  #listener: Listener | undefined;

  /** @param key with the prefix */
  constructor(connection: Connection, key: string) {
    this.#listening = this.#listen(connection, key);
  }

  get isLost(): boolean {
    return this.#listener?.isLost === true;
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    return this.#bell.rings(milliseconds, signal);
  }

  async end(): Promise<void> {
    this.#bell.close();
    await (await this.#listening)?.close();
  }

  /** Never throws: the next attempt to acquire the lock reports the error. */
  async #listen({ server, timeoutMs }: Connection, key: string): Promise<Listener | undefined> {
    try {
      this.#listener = await server.listen?.(key, timeoutMs, () => this.#bell.ring());
      // The lock may have been released before the session listened.
      if (this.#listener !== undefined) this.#bell.ring();
      return this.#listener;
    } catch {
      return undefined;
    }
  }
}
