import type { RedisConnection } from '../../../profiles/profile.js';

import { endpointText } from '../../network/endpoint.js';

/** `host:port/database` and the like, for people. */
export function locationOf({ kind, nodes, socket, primary, database }: RedisConnection): string {
  const places = nodes.map((node) => endpointText(node)).join(',');
  if (kind === 'cluster') return `redis cluster at ${places}`;
  if (kind === 'sentinel') return `redis ${primary ?? ''} by sentinels at ${places}, database ${database}`;
  return `redis ${socket ?? places}, database ${database}`;
}
