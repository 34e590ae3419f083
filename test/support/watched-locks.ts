import type { LockEvent } from '../../src/stores/contract/locks.js';
import type { Store } from '../../src/stores/contract/store.js';

import { until } from '../../src/testing/suite/stores.js';

/** Watched locks and their events so far. */
export interface WatchedLocks {
  readonly events: readonly LockEvent[];
  /** `acquired deploy ann`, and the client's name if it has one. */
  briefly(): string[];
  /** Resolves when that many events of a type have arrived. */
  saw(type: LockEvent['type'], times?: number): Promise<void>;
  /** Rejects with the error that ended the stream. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when the watch is up. */
export async function watched(store: Store, ...names: string[]): Promise<WatchedLocks> {
  const controller = new AbortController();
  const stream = await store.watchLocks!(names, { signal: controller.signal });
  const events: LockEvent[] = [];
  const ended = (async () => {
    for await (const event of stream) events.push(event);
  })();
  // A test that ignores it gets the error from `stop`.
  ended.catch(() => {});
  return {
    events,
    briefly: () =>
      events.map(({ type, name, owner, client }) => [type, name, owner, client?.name].filter(Boolean).join(' ')),
    async saw(type, times = 1) {
      await until(() => events.filter((event) => event.type === type).length >= times);
    },
    ended,
    async stop() {
      controller.abort();
      await ended;
    },
  };
}
