import type { Connection } from '../connection.js';

import { RefusedError } from '../../../errors.js';

/**
 * Runs `work` so that what it reads does not count as used, where the server can do that: since 7.2 it can leave a
 * client's reads out. `work` is told whether it does.
 */
export async function* withoutTouching<T>(
  connection: Connection,
  work: (isUntouched: boolean) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const isUntouched = await noTouch(connection, 'ON');
  try {
    yield* work(isUntouched);
  } finally {
    if (isUntouched) {
      await noTouch(connection, 'OFF').catch(() => {
        // Without a connection there is nothing to put back.
      });
    }
  }
}

/** False where the server does not know that, or does not let us. */
async function noTouch(connection: Connection, state: 'OFF' | 'ON'): Promise<boolean> {
  try {
    const nodes = await connection.nodes();
    await Promise.all(nodes.map(async (node) => node.call('CLIENT', 'NO-TOUCH', state)));
    return true;
  } catch (error) {
    if (error instanceof RefusedError) return false;
    throw error;
  }
}
