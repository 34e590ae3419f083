import type { Connection } from '../connection.js';

import { RefusedError } from '../../../errors.js';

/**
 * Run `work` so that its reads do not count as a use, if the server supports that (CLIENT NO-TOUCH, Redis 7.2). The
 * argument of `work` says whether it does.
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
        // Without a connection there is nothing to reset.
      });
    }
  }
}

/** False if the server does not know the command or refuses it. */
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
