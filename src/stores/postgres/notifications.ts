import { createHash } from 'node:crypto';

import type { Listener } from '../sql/session.js';
import type { PostgresSession } from './session.js';

import { raw } from '../sql/statement.js';

/** The channel on which cachectl announces released locks. */
export const CHANNEL = 'cachectl_locks';

/** The payload for a lock. A hash, because payloads are limited to 8000 bytes. */
export function payloadOf(key: string): string {
  return createHash('sha1').update(key).digest('hex');
}

/** Listen on a dedicated session. The listener closes it. */
export async function listenFor(session: PostgresSession, key: string, heard: () => void): Promise<Listener> {
  const payload = payloadOf(key);
  let isLost = false;
  session.onNotification((notified) => {
    if (notified === payload) heard();
  });
  session.onLost(() => {
    isLost = true;
    heard();
  });
  await session.run(raw(`LISTEN ${CHANNEL}`));
  return {
    get isLost() {
      return isLost;
    },
    close: async () => session.close(),
  };
}
