import type { LockEvent } from '../../src/stores/contract/locks.js';
import type { Store } from '../../src/stores/contract/store.js';

import { until } from '../../src/testing/suite/stores.js';

/** Locks that are watched, and what was told of them so far. */
export interface WatchedLocks {
  readonly events: readonly LockEvent[];
  /** `acquired deploy ann`, and the name of the client where it has one. */
  briefly(): string[];
  /** Resolves when so many events of a type were told. */
  saw(type: LockEvent['type'], times?: number): Promise<void>;
  /** Rejects with what ended the stream. */
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
  // A test that does not look at it stops it, and is told then.
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
