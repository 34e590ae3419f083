import type { Store } from '../../stores/contract/store.js';
import type { WaitOptions } from '../../stores/locks/wait.js';

import { toFailure } from '../../runtime/report-error.js';
import { warn } from '../../terminal/output.js';

/** Lets a waiter survive an outage of its store: reports it and reconnects. */
export function outages(store: Pick<Store, 'reconnect'>): Pick<WaitOptions, 'onLost' | 'reconnect'> {
  return {
    reconnect: async () => store.reconnect?.(),
    onLost: (why) => warn(`${toFailure(why).message}; trying again until the wait is over`),
  };
}
