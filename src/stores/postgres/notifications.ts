import { createHash } from 'node:crypto';

import type { Listener } from '../sql/session.js';
import type { PostgresSession } from './session.js';

import { withTimeout } from '../../async.js';
import { raw } from '../sql/statement.js';

/** The channel on which cachectl announces released locks. */
export const CHANNEL = 'cachectl_locks';

/** The payload for a lock. A hash, because payloads are limited to 8000 bytes. */
export function payloadOf(key: string): string {
  return createHash('sha1').update(key).digest('hex');
}

/** Listen on a dedicated session, which is closed by the listener, or if the server does not answer in time. */
export async function listenFor(
  session: PostgresSession,
  key: string,
  timeoutMs: number,
  heard: () => void,
): Promise<Listener> {
  const payload = payloadOf(key);
  let isLost = false;
  session.onNotification((notified) => {
    if (notified === payload) heard();
  });
  session.onLost(() => {
    isLost = true;
    heard();
  });
  try {
    await withTimeout(session.run(raw(`LISTEN ${CHANNEL}`)), timeoutMs, () => new Error('late'));
  } catch (error) {
    session.destroy();
    throw error;
  }

  return {
    get isLost() {
      return isLost;
    },
    close: async () => session.close(),
  };
}
