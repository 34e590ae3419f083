import type { Work } from '../../runtime/store-command.js';
import type { LockEvent } from '../../stores/contract/locks.js';

import { watchLocks } from '../../stores/locks/polled-watch.js';
import { formatPreciseDuration } from '../../terminal/durations.js';
import { note, warn } from '../../terminal/output.js';

export interface WatchRequest {
  readonly names: readonly string[];
  /** In seconds; by default until the command is interrupted. */
  readonly duration: number | undefined;
  /** Called before and after a warning about a lost connection is printed. */
  readonly aroundWarning?: { before(): void; after(): void } | undefined;
  /** Called once the locks are being watched. */
  ready?(): void;
  take(event: LockEvent): Promise<void> | void;
}

/**
 * Watch locks, across lost connections.
 * @returns whether events may have been missed
 */
export async function followLocks({ store, interruption }: Work, request: WatchRequest): Promise<boolean> {
  const { names, duration } = request;
  const ended = new AbortController();
  const signal = AbortSignal.any([interruption.signal, ended.signal]);
  let hasMissed = false;
  const report = (text: string): void => {
    request.aroundWarning?.before();
    warn(text);
    request.aroundWarning?.after();
  };

  const stream = await watchLocks(store, names, {
    signal,
    onLost: ({ message }) => report(`${message}; reconnecting`),
    onMissed({ text }) {
      hasMissed = true;
      report(text);
    },
  });
  note(`${stream.source}${duration === undefined ? '' : `; for ${formatPreciseDuration(duration)}`}`);
  if (stream.warning !== undefined) warn(stream.warning);
  const timer = duration === undefined ? undefined : setTimeout(() => ended.abort(), duration * 1000);
  try {
    request.ready?.();
    for await (const event of stream) await request.take(event);
  } finally {
    clearTimeout(timer);
    ended.abort();
  }

  return hasMissed;
}
