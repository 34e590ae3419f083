import type { Lane } from './matrix.js';

import { RUNS_ALL } from '../../support/extent.js';
import { FaultPlan, startFaultProxy } from '../../support/fault-proxy.js';

/** How many commands run at once against one server. */
const LANES = RUNS_ALL ? 4 : 3;

/** Proxies in front of one server, one for each concurrent run. */
export async function startLanes(
  port: number,
  url: (port: number, prefix: string) => string,
): Promise<readonly Lane[]> {
  return Promise.all(
    Array.from({ length: LANES }, async () => {
      const plan = new FaultPlan();
      const proxy = await startFaultProxy(port, { plan });
      return {
        plan,
        url: (prefix: string, isDirect = false) => url(isDirect ? port : proxy.port, prefix),
        endAll: async () => proxy.endAll(),
        refuse: async () => proxy.cut(),
        mend: async () => proxy.mend(),
        stop: async () => proxy.stop(),
      };
    }),
  );
}
